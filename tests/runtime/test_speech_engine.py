"""A speech bundle's engine: both forms say the same, bit for bit, however the samples are cut."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edge_asr.bundle.manifest import Form
from edge_asr.bundle.quantization import quantize
from edge_asr.bundle.store import Bundle, ManifestDraft, ModelPart, write_bundle
from edge_asr.errors import AudioError, BundleError, ConfigError
from edge_asr.frontend import compute
from edge_asr.runtime.engine import load_engine
from edge_asr.runtime.grammar import Arc, Final, Grammar, write_grammar
from edge_asr.runtime.interpreter import Interpreter, Kernels
from edge_asr.runtime.speech_engine import LogProbStream, SpeechEngine, load_speech_engine
from tests.bundle.damage import edit_manifest
from tests.conftest import TINY_SPEECH_FIELD
from tests.runtime.tones import RATE, random_chunks, tones

SOUND = tones(6.03, [(0.0, "yes"), (1.2, "no"), (2.4, "no"), (3.6, "yes"), (5.7, "yes")], length=0.4)
ARPA = b"\\data\\\nngram 1=4\n\n\\1-grams:\n-99\t<s>\n-1\t</s>\n-0.3\tyes\n-0.5\tno\n\n\\end\\\n"
YES_ONLY = Grammar("en", 2, (Arc(0, 1, "yes"), Arc(1, 1, "yes")), (Final(1, "Agree"),))


def both(bundle: Bundle, kernels: Kernels = "default") -> tuple[SpeechEngine, SpeechEngine]:
    return load_speech_engine(bundle, form="window", kernels=kernels), load_speech_engine(bundle, form="stream", kernels=kernels)


def hear(stream: LogProbStream, chunks) -> np.ndarray:
    return np.concatenate([*(stream.accept(chunk) for chunk in chunks), stream.finish()])


def with_assets(bundle: Bundle, **assets: tuple[str, bytes]) -> SpeechEngine:
    """The same bundle with these assets, loaded."""
    manifest = bundle.manifest
    draft = ManifestDraft(manifest.name, manifest.labels, manifest.frontend, kind="speech", speech=manifest.speech)
    parts = {m.form: ModelPart(bundle.models[m.form], m.input, m.output, m.states, m.field_frames) for m in manifest.models}
    return load_speech_engine(write_bundle(bundle.path, draft, parts, assets))


@pytest.mark.parametrize("kernels", ["default", "builtin"])
def test_forms_agree_on_minutes_of_sound(tiny_speech: Bundle, kernels: Kernels):
    starts = np.arange(0.0, 300, 1.7) + np.random.default_rng(5).uniform(0, 0.8, 177)
    sound = tones(300, [(float(start), ("yes", "no")[i % 2]) for i, start in enumerate(starts)])
    window, stream = (engine.log_probs(sound) for engine in both(tiny_speech, kernels))
    assert window.shape[0] > 300 / 0.04
    assert np.array_equal(window, stream)
    assert len({row.tobytes() for row in window}) > 50  # nothing is stuck


def test_an_output_is_decided_by_the_frames_that_end_with_its_own(tiny_speech: Bundle):
    """Output j sees the field up to frame (j + 1) * stride, before the stream digital silence: as in training."""
    spec, window = tiny_speech.manifest.frontend, Interpreter(tiny_speech.models["window"])
    silence = compute(np.zeros(spec.window_samples, np.int16), spec)
    features = compute(SOUND, spec)
    frames = quantize(np.concatenate((np.repeat(silence, window.input.shape[1] - 2, axis=0), features)), window.input)
    for engine in both(tiny_speech):
        found = engine.log_prob_stream().accept(SOUND)
        assert len(found) == len(features) // engine.step_frames * 2
        for j, row in enumerate(found):
            stored = window.invoke(frames[2 * j :][: window.input.shape[1]].reshape(window.input.shape))[0, -1:]
            values = window.output.scale * (stored[0].astype(float) - window.output.zero_point)
            np.testing.assert_allclose(row, values - np.logaddexp.reduce(values), rtol=1e-6)  # float32 against float64


@pytest.mark.parametrize("longest", [1, 320, 1279, 5000, 60000])
def test_cutting_changes_nothing(tiny_speech: Bundle, longest: int):
    sound = SOUND[:RATE] if longest == 1 else SOUND
    for engine in both(tiny_speech):
        assert np.array_equal(
            hear(engine.log_prob_stream(), random_chunks(sound, longest, seed=longest)), engine.log_probs(sound)
        )


def test_outputs_come_a_step_at_a_time(tiny_speech: Bundle):
    """The first when the last frame of the first step is complete, then every 80 ms; float sounds are heard as well."""
    for engine in both(tiny_speech):
        stream = engine.log_prob_stream()
        first = engine.manifest.frontend.samples_for(engine.step_frames)
        assert stream.accept(SOUND[: first - 1]).shape == (0, 3)
        assert stream.accept(SOUND[first - 1 : first]).shape == (2, 3)
        assert stream.accept(SOUND[first : first + 1279]).shape == (0, 3)
        assert stream.accept(SOUND[first + 1279 : first + 1280]).shape == (2, 3)
        assert stream.samples == first + 1280
        assert stream.level > -60
        assert np.array_equal(engine.log_probs(SOUND / 32768), engine.log_probs(SOUND))


@pytest.mark.parametrize("count", [0, 1, 100, 1279, 1280, 16000])
def test_the_end_is_heard_once_and_whole(tiny_speech: Bundle, count: int):
    for engine in both(tiny_speech):
        stream, spec = engine.log_prob_stream(), engine.manifest.frontend
        found = len(stream.accept(SOUND[:count])) + len(stream.finish())
        heard = spec.samples_for(found * 2)  # the frames that were computed
        least = count + engine.field_samples // 2
        assert least <= heard < least + 1280
        assert stream.finish().shape == (0, 3)
        with pytest.raises(AudioError, match="after finish"):
            stream.accept(SOUND)


def test_a_word_at_the_very_end_is_heard(tiny_speech: Bundle):
    engine = load_speech_engine(tiny_speech)
    sound = tones(1.0, [(0.8, "no")], length=0.2)
    tokens = [engine.tokens[best] for best in engine.log_probs(sound).argmax(axis=1)]
    assert "no" in tokens
    assert tokens[-1] == "_blank_"


def test_reset_goes_back_to_silence(tiny_speech: Bundle):
    for engine in both(tiny_speech):
        stream = engine.log_prob_stream()
        first = hear(stream, [SOUND])
        stream.reset()
        stream.accept(SOUND[:22_000])  # into the middle of the "no"
        stream.reset()
        assert stream.samples == 0
        assert np.array_equal(hear(stream, [SOUND]), first)


@pytest.mark.parametrize("form", ["window", "stream"])
def test_streams_on_one_engine_do_not_meet(tiny_speech: Bundle, form: Form):
    engine = load_speech_engine(tiny_speech, form=form)
    sounds = [tones(3, [(0.1 * n, "yes"), (1.5, "no")], seed=n) for n in range(3)]
    wanted = [engine.log_probs(sound) for sound in sounds]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda sound: hear(engine.log_prob_stream(), random_chunks(sound, 999, seed=1)), sounds))
    assert all(map(np.array_equal, found, wanted))


def test_a_step_of_another_length_suits_the_window(tiny_speech: Bundle):
    """A window says the same in any step, also in one that has more outputs than it."""
    wanted = load_speech_engine(tiny_speech).log_probs(SOUND)
    for step_ms in (40, 200, 800):
        edit_manifest(tiny_speech.path, lambda t, ms=step_ms: (t["speech"].update(step_ms=ms), t.update(models=t["models"][:1])))
        found = load_speech_engine(tiny_speech.path).log_probs(SOUND)
        count = min(len(found), len(wanted))
        assert count > 140
        assert np.array_equal(found[:count], wanted[:count])


def test_what_an_engine_says_of_itself(tiny_speech: Bundle):
    engine = load_speech_engine(tiny_speech.path)
    assert (engine.model.form, engine.tokens, engine.spec.unit) == ("stream", ("_blank_", "yes", "no"), "words")
    assert (engine.output_seconds, engine.step_frames, engine.sample_rate) == (0.04, 4, RATE)
    assert engine.field_samples == engine.manifest.frontend.samples_for(TINY_SPEECH_FIELD)
    assert (engine.assets, engine.language_model, engine.grammar) == ({}, None, None)


def test_the_decoder_is_the_one_that_the_bundle_asks_for(tiny_speech: Bundle):
    def transcript(engine: SpeechEngine, **options):
        decoder = engine.decoder(**options)
        decoder.advance(engine.log_probs(SOUND))
        return decoder.finish()

    engine = load_speech_engine(tiny_speech)
    plain = transcript(engine)
    assert plain.text == "yes no no yes yes"
    assert transcript(engine, grammar=YES_ONLY).intent == "Agree"
    modelled = with_assets(tiny_speech, lm=("words.arpa", ARPA))
    assert modelled.language_model is not None
    assert transcript(modelled).score != plain.score
    ruled = with_assets(tiny_speech, lm=("words.arpa", ARPA), grammar=("g.json", write_grammar(YES_ONLY)))
    assert (ruled.grammar, transcript(ruled).intent) == (YES_ONLY, "Agree")
    with pytest.raises(ConfigError, match="no hot words beside"):
        ruled.decoder(hot_words={"no": 1.0})


def test_damaged_assets_are_told_with_their_bundle(tiny_speech: Bundle):
    damaged = with_assets(tiny_speech, lm=("words.arpa", b"\\data\\"), grammar=("g.json", b"[]"))
    for read in ("language_model", "grammar"):
        with pytest.raises(BundleError, match=str(tiny_speech.path)):
            getattr(damaged, read)


def test_each_kind_of_bundle_has_its_engine(tiny_speech: Bundle, tiny_forms: Bundle):
    with pytest.raises(
        BundleError, match="expected a bundle of kind 'keywords', found one of kind 'speech': edge-asr transcribe"
    ):
        load_engine(tiny_speech)
    with pytest.raises(BundleError, match="expected a bundle of kind 'speech', found one of kind 'keywords': edge-asr listen"):
        load_speech_engine(tiny_forms)


def test_a_file_that_is_not_what_the_manifest_says(tiny_speech: Bundle):
    edit_manifest(tiny_speech.path, lambda t: t["models"][1]["output"].update(scale=0.5))
    with pytest.raises(BundleError, match="the manifest says output 0 is"):
        load_speech_engine(tiny_speech.path)
    with pytest.raises(BundleError, match="of the form resource to run on cpu, found window, stream"):
        load_speech_engine(tiny_speech, form="resource")


def test_sounds_that_are_none(tiny_speech: Bundle):
    engine = load_speech_engine(tiny_speech)
    for sound in (np.zeros((2, 100), np.int16), np.array([np.nan] * 2000), np.zeros(100, np.int32)):
        with pytest.raises(AudioError):
            engine.log_probs(sound)
