"""Both forms of a model say the same, bit for bit, through the engine, from a stream's first step on."""

from __future__ import annotations

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edge_asr.bundle.manifest import DetectSpec
from edge_asr.bundle.quantization import quantize
from edge_asr.bundle.store import Bundle, ManifestDraft, ModelPart, write_bundle
from edge_asr.errors import BundleError, ConfigError, InterpreterError
from edge_asr.frontend import compute
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.runtime.interpreter import Interpreter, Kernels
from edge_asr.runtime.posteriors import PosteriorStream, Step
from tests.bundle.damage import edit_manifest
from tests.runtime.tones import RATE, random_chunks, tones

STEP_MS = 80
SOUND = tones(9, [(0.0, "yes"), (2.1, "no"), (4.2, "yes"), (8.3, "no")])


def both(bundle: Bundle, kernels: Kernels = "default") -> tuple[Engine, Engine]:
    return load_engine(bundle, form="window", kernels=kernels), load_engine(bundle, form="stream", kernels=kernels)


def hear(engine: Engine, sound, chunks=None) -> list[Step]:
    stream = PosteriorStream(engine, STEP_MS)
    return [step for chunk in chunks or [sound] for step in stream.accept(chunk)] + stream.finish()


def same(found: list[Step], wanted: list[Step]) -> bool:
    ends = [step.end_sample for step in found] == [step.end_sample for step in wanted]
    return ends and np.array_equal([step.posterior for step in found], [step.posterior for step in wanted])


@pytest.mark.parametrize("kernels", ["default", "builtin"])
def test_forms_agree_at_every_step_of_an_hour(tiny_forms: Bundle, kernels: Kernels):
    starts = np.arange(0.0, 3600, 7) + np.random.default_rng(5).uniform(0, 5, 515)
    sound = tones(3600, [(float(start), ("yes", "no")[i % 2]) for i, start in enumerate(starts)])
    window, stream = (hear(engine, sound) for engine in both(tiny_forms, kernels))
    assert len(window) > 3600 / 0.08
    assert same(stream, window)
    assert len({step.posterior.tobytes() for step in window}) > 50  # nothing is stuck


def test_each_step_is_the_window_that_ends_there(tiny_forms: Bundle):
    """What came before the stream is silence, for either form; a window of it is judged like any other."""
    spec = tiny_forms.manifest.frontend
    lead = 4 * STEP_MS * RATE // 1000 * 4  # of whole steps, and longer than a window
    features = compute(np.concatenate((np.zeros(lead, np.int16), SOUND)), spec)
    for engine in both(tiny_forms):
        for step in PosteriorStream(engine, STEP_MS).accept(SOUND):
            last = (lead + step.end_sample - spec.window_samples) // spec.hop_samples + 1
            assert np.array_equal(step.posterior, engine.posteriors(features[last - engine.window_frames : last]))


def test_a_fresh_stream_has_heard_silence(tiny_forms: Bundle):
    """A second of digital silence, of whole steps or not, is what any stream begins with."""
    silence = load_engine(tiny_forms, form="window").classify(np.zeros(RATE, np.int16))
    for engine in both(tiny_forms):
        assert np.array_equal(engine.classify(np.zeros(RATE, np.int16)), silence)
        steps = PosteriorStream(engine, STEP_MS).accept(np.zeros(3 * RATE, np.int16))
        assert all(np.array_equal(step.posterior, silence) for step in steps)


@pytest.mark.parametrize("longest", [1, 320, 5000])
def test_cutting_changes_nothing(tiny_forms: Bundle, longest: int):
    engine = load_engine(tiny_forms)
    sound = SOUND[: RATE * 2]
    assert same(hear(engine, sound, random_chunks(sound, longest, seed=longest)), hear(engine, sound))


def test_the_end_is_heard_once(tiny_forms: Bundle):
    for engine in both(tiny_forms):
        stream = PosteriorStream(engine, STEP_MS)
        stream.accept(SOUND)
        tail = stream.finish()
        ends = [step.end_sample for step in tail]
        assert len(SOUND) < ends[0] <= ends[-1] <= len(SOUND) + engine.window_samples // 2
        assert len(ends) == engine.window_samples // 2 // stream.step_samples
        assert stream.finish() == []


def test_reset_goes_back_to_silence(tiny_forms: Bundle):
    for engine in both(tiny_forms):
        stream = PosteriorStream(engine, STEP_MS)
        first = stream.accept(SOUND)
        stream.finish()
        stream.reset()
        stream.accept(SOUND[:30_000])  # into the middle of a word
        stream.reset()
        assert stream.samples == 0
        assert same(stream.accept(SOUND), first)


def test_streams_on_one_interpreter_do_not_meet(tiny_forms: Bundle):
    engine = load_engine(tiny_forms)
    sounds = [tones(6, [(at, word)], seed=seed) for seed, (at, word) in enumerate([(1, "yes"), (2, "no"), (3, "yes")])]
    wanted = [hear(engine, sound) for sound in sounds]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda sound: hear(engine, sound, random_chunks(sound, 1000, seed=1)), sounds))
    assert all(map(same, found, wanted))


def test_classify_and_posteriors_agree(tiny_forms: Bundle):
    window, stream = both(tiny_forms)
    assert (stream.window_frames, stream.window_samples) == (window.window_frames, window.window_samples) == (49, 15840)
    rng = np.random.default_rng(3)
    for seconds in (0.3, 1.0, 2.5):
        sound = tones(seconds, [(0.0, str(rng.choice(["yes", "no"])))], seed=int(seconds * 10))
        assert np.array_equal(stream.classify(sound), window.classify(sound))
    features = rng.uniform(-14, 8, (49, 40)).astype(np.float32)
    assert np.array_equal(stream.posteriors(features), window.posteriors(features))


def test_older_frames_than_the_field_do_not_count(tiny_forms: Bundle):
    engine = load_engine(tiny_forms)
    tail = tones(1.6, [(0.2, "yes")])  # whole steps, and more than the field
    loud = np.concatenate((tones(1.6, [(0.0, "no")], length=1.6), tail))
    assert len(tail) % (RATE * STEP_MS // 1000) == 0
    alone, after = PosteriorStream(engine, STEP_MS).accept(tail), PosteriorStream(engine, STEP_MS).accept(loud)
    assert np.array_equal(alone[-1].posterior, after[-1].posterior)
    assert not np.array_equal(alone[0].posterior, after[len(after) - len(alone)].posterior)


def test_the_streaming_form_comes_first(tiny_forms: Bundle, tiny_bundle: Bundle):
    assert load_engine(tiny_forms).model.form == "stream"
    assert load_engine(tiny_forms, form="window").model.form == "window"
    assert load_engine(tiny_bundle).model.form == "window"


def test_a_form_that_is_not_there_is_refused(tiny_forms: Bundle, tiny_bundle: Bundle):
    with pytest.raises(BundleError, match="of the form stream to run on cpu, found window"):
        load_engine(tiny_bundle, form="stream")
    entry = tiny_forms.manifest.models[1]
    draft = ManifestDraft("r", tiny_forms.manifest.labels, tiny_forms.manifest.frontend, tiny_forms.manifest.detect)
    part = ModelPart(b"for a microcontroller", entry.input, entry.output, (), 49)
    only_resource = write_bundle(tiny_forms.path.parent / "r", draft, {"resource": part})
    for form in (None, "resource"):
        with pytest.raises(BundleError, match="to run on cpu, found resource"):
            load_engine(only_resource, form=form)


def test_a_stream_form_has_one_step(tiny_forms: Bundle):
    window, stream = both(tiny_forms)
    other = dataclasses.replace(tiny_forms.manifest.detect, step_ms=100)
    window.stream(other)
    with pytest.raises(ConfigError, match="takes 4 frames a step, found 5"):
        stream.stream(other)
    assert stream.stream(DetectSpec(step_ms=85)).accept(SOUND)  # of whole frames: still 4


@pytest.mark.parametrize(("key", "value"), [("scale", 0.123), ("zero_point", 5), ("shape", [1, 2, 1, 3])])
def test_states_must_be_those_of_the_manifest(tiny_forms: Bundle, key: str, value):
    edit_manifest(tiny_forms.path, lambda table: table["models"][1]["states"][-1].update({key: value}))
    with pytest.raises(BundleError, match=r"stream-\w+.tflite: the manifest says input \d is"):
        load_engine(tiny_forms.path)
    load_engine(tiny_forms.path, form="window")


def test_a_state_too_few_in_the_manifest(tiny_forms: Bundle):
    edit_manifest(tiny_forms.path, lambda table: table["models"][1]["states"].pop())
    count = len(json.loads((tiny_forms.path / "manifest.json").read_text())["models"][1]["states"])
    with pytest.raises(BundleError, match=f"says {count + 1} inputs, the file has {count + 2}"):
        load_engine(tiny_forms.path)


def test_a_stream_file_is_no_window(tiny_forms: Bundle):
    """A manifest that agrees with itself may still name the wrong file."""
    entry = tiny_forms.manifest.models[1]
    draft = ManifestDraft("w", tiny_forms.manifest.labels, tiny_forms.manifest.frontend)
    part = ModelPart(tiny_forms.models["stream"], entry.input, entry.output)
    with pytest.raises(BundleError, match=r"says 1 inputs, the file has \d"):
        load_engine(write_bundle(tiny_forms.path.parent / "w", draft, {"window": part}))


def test_step_gives_copies_and_leaves_its_arguments(tiny_forms: Bundle):
    interpreter = Interpreter(tiny_forms.models["stream"])
    states = [np.full(state.shape, state.zero_point, np.int8) for state in interpreter.inputs[1:]]
    before = [state.copy() for state in states]
    frames = quantize(compute(SOUND, tiny_forms.manifest.frontend), interpreter.input)[60:64].reshape(1, 4, 40, 1)
    output, following = interpreter.step(frames, states)
    kept = [output.copy(), *(state.copy() for state in following)]
    interpreter.step(-frames, following)
    for array, copy in zip([output, *following, *states], [*kept, *before], strict=True):
        assert np.array_equal(array, copy)
    assert any(not np.array_equal(*pair) for pair in zip(states, following, strict=True))


def test_step_wants_the_states_of_the_model(tiny_forms: Bundle):
    interpreter = Interpreter(tiny_forms.models["stream"])
    frames, states = np.zeros((1, 4, 40, 1), np.int8), [np.zeros(state.shape, np.int8) for state in interpreter.inputs[1:]]
    with pytest.raises(InterpreterError, match=rf"expected {len(states)} states, as the model has, found 0"):
        interpreter.invoke(frames)
    with pytest.raises(InterpreterError, match="could not run"):
        interpreter.step(frames, [state[:, :1] for state in states])
