"""Recordings and hours of audio are heard as the live stream hears them, kept on disk, and gone on with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.bundle.store import Bundle, ManifestDraft, ModelPart, write_bundle
from edge_asr.data.audio_file import read_audio
from edge_asr.data.negative_windows import Window, load_window, streams
from edge_asr.data.negatives import read_negatives
from edge_asr.errors import DataError
from edge_asr.runtime.encode_wav import encode_wav
from edge_asr.runtime.engine import load_engine
from edge_asr.training import trace_files
from edge_asr.training.conditions import CLEAN, Condition, render, to_int16
from edge_asr.training.positives import Positive
from edge_asr.training.rendering import Rendering
from edge_asr.training.wake_listen import find_false_accepts, score_negatives, score_positives
from edge_asr.training.wake_score import FalseAccept

RATE = 16000
NOISY = Condition("noisy", snr_db=10.0)


def save(path: Path, samples: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_wav(np.asarray(samples, np.float32), RATE))
    return path


def tone(hz: float, seconds: float, level: float = 0.3) -> np.ndarray:
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE))


@pytest.fixture
def talk(tmp_path: Path) -> tuple[Window, ...]:
    """A long file with tones at 5 and at 20 s, and short ones that are joined; a tone of 1 kHz is the tiny bundle's "yes"."""
    long = np.concatenate([silence(4), tone(1000, 1), silence(14), tone(3000, 1), silence(10)])
    save(tmp_path / "talk" / "long.wav", long)
    for number in range(4):
        save(tmp_path / "talk" / "short" / f"{number}.wav", tone(1000, 1.2) if number == 2 else tone(440, 1.2, 0.01))
    return streams(read_negatives([tmp_path / "talk"]))


def live(bundle: Bundle, windows: tuple[Window, ...], threshold: float | None = None) -> list[tuple[str, float, float]]:
    """Label, end and score of what the engine's own stream reports."""
    engine, found = load_engine(bundle), []
    detect = engine.manifest.detect if threshold is None else replace(engine.manifest.detect, threshold=threshold)
    for window in windows:
        stream = engine.stream(detect)
        found += [*stream.accept(to_int16(load_window(window, RATE))), *stream.finish()]
    return [(event.label, event.end, event.score) for event in found]


def test_false_accepts_are_those_of_the_stream(tiny_bundle: Bundle, talk: tuple[Window, ...], tmp_path: Path) -> None:
    scores = score_negatives(tiny_bundle.path, talk, tmp_path / "cache")
    found = scores.false_accepts(tiny_bundle.manifest.detect)
    assert [(event.label, event.score) for event in found] == [(label, score) for label, _, score in live(tiny_bundle, talk)]
    places = sorted((event.path.name, event.label) for event in found)
    assert places == [("2.wav", "yes"), ("long.wav", "no"), ("long.wav", "yes")]
    assert scores.hours == pytest.approx((30 + 4 * 1.2) / 3600)  # without the silence that joins
    assert scores.left_out == ()


def test_places_are_seconds_of_the_file(tiny_bundle: Bundle, talk: tuple[Window, ...], tmp_path: Path) -> None:
    (short,) = [window for window in talk if len(window.pieces) == 4]
    (found,) = find_false_accepts(load_engine(tiny_bundle), [short], 0.8)
    ((_, end, _),) = live(tiny_bundle, (short,))
    assert found.time == pytest.approx(end - short.pieces[2].at)
    long = replace(talk[0], pieces=(replace(talk[0].pieces[0], start=2.0, seconds=10.0),), seconds=10.0)
    (later,) = find_false_accepts(load_engine(tiny_bundle), [long], 0.8)
    ((_, end, _),) = live(tiny_bundle, (long,))
    assert later.time == pytest.approx(end + 2.0)


def test_finding_false_accepts_for_mining(tiny_bundle: Bundle, talk: tuple[Window, ...], tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    found = find_false_accepts(load_engine(tiny_bundle), talk, 0.3, progress=lambda *said: told.append(said))
    scores = score_negatives(tiny_bundle.path, talk, tmp_path / "cache")
    assert found == scores.false_accepts(replace(tiny_bundle.manifest.detect, threshold=0.3))
    assert [event.score for event in found] == [score for _, _, score in live(tiny_bundle, talk, 0.3)]
    assert all(isinstance(event, FalseAccept) for event in found)
    assert told[-1] == ("false accepts", 2, 2)


def test_recordings_are_heard_under_each_condition(tiny_bundle: Bundle, tmp_path: Path) -> None:
    said = np.concatenate([silence(0.5), tone(1000, 1), silence(0.5)])
    recordings = [
        Positive(save(tmp_path / "yes" / "a.wav", said + 0.001 * np.random.default_rng(1).standard_normal(len(said))), "yes"),
        Positive(save(tmp_path / "no" / "b.wav", tone(3000, 0.9)), "no"),
    ]
    noise = save(tmp_path / "noise" / "hiss.wav", 0.1 * np.random.default_rng(0).standard_normal(3 * RATE))
    rendering = Rendering(RATE, (CLEAN, NOISY), (noise,))
    scores = score_positives(tiny_bundle.path, recordings, tmp_path / "cache", rendering)
    assert list(scores.clips) == ["clean", "noisy"]
    assert [clip.positive for clip in scores.clips["noisy"]] == recordings
    clip = scores.of("clean", "yes")[0]
    # Padded by a second, the tone lies from 1.5 to 2.5 s.
    assert (clip.word.start, clip.word.end) == pytest.approx((1.5, 2.5), abs=0.09)
    engine = load_engine(tiny_bundle)
    for condition in rendering.conditions:
        for positive, said in zip(recordings, scores.clips[condition.name]):
            stream = engine.stream()
            sound = rendering.sound(positive.name, read_audio(positive.path, RATE), condition)
            events = [*stream.accept(sound), *stream.finish()]
            assert said.replay.detections(engine.manifest.detect) == events
            assert events or condition is NOISY


def test_noise_is_drawn_for_each_recording_and_each_time_the_same(tmp_path: Path) -> None:
    noise = save(tmp_path / "hiss.wav", 0.1 * np.random.default_rng(0).standard_normal(20 * RATE))
    samples = tone(1000, 1).astype(np.float32)
    first, other = Positive(tmp_path / "yes" / "a.wav", "yes"), Positive(tmp_path / "yes" / "b.wav", "yes")
    sound = Rendering(RATE, noise=(noise,)).sound(first.name, samples, NOISY)
    assert np.array_equal(sound, Rendering(RATE, (CLEAN,), noise=(noise,)).sound(first.name, samples, NOISY))
    assert not np.array_equal(sound, Rendering(RATE, noise=(noise,)).sound(other.name, samples, NOISY))
    assert not np.array_equal(sound, Rendering(RATE, noise=(noise,), seed=1).sound(first.name, samples, NOISY))
    assert not np.array_equal(sound, Rendering(RATE).sound(first.name, samples, NOISY))  # artificial noise
    clean = render(samples, CLEAN, (), RATE, np.random.default_rng(0))
    assert np.array_equal(clean, Rendering(RATE, noise=(tmp_path / "none.wav",)).sound(first.name, samples, CLEAN))
    with pytest.raises(DataError, match=r"none\.wav: expected noise to mix with"):
        Rendering(RATE, noise=(tmp_path / "none.wav",)).sound(first.name, samples, NOISY)


def test_nothing_is_heard_twice(
    tiny_bundle: Bundle, talk: tuple[Window, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, recording = tmp_path / "cache", Positive(save(tmp_path / "yes" / "a.wav", tone(1000, 1)), "yes")
    rendering = Rendering(RATE, (CLEAN,))
    first = score_negatives(tiny_bundle.path, talk, cache), score_positives(tiny_bundle.path, [recording], cache, rendering)
    kept = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert len(kept) == 2
    heard: list[object] = []
    original = trace_files.Listener.engine.func
    monkeypatch.setattr(trace_files.Listener, "engine", property(lambda self: heard.append(self) or original(self)))
    again = score_negatives(tiny_bundle.path, talk, cache), score_positives(tiny_bundle.path, [recording], cache, rendering)
    assert not heard
    detect = tiny_bundle.manifest.detect
    assert again[0].false_accepts(detect) == first[0].false_accepts(detect)
    assert again[1].misses("clean", "yes", 0.8, detect) == first[1].misses("clean", "yes", 0.8, detect)

    # A damaged file, other noise or another file are heard anew; nothing else is.
    next(iter(kept)).write_bytes(b"PK damaged")
    score_negatives(tiny_bundle.path, talk, cache)
    score_positives(tiny_bundle.path, [recording], cache, rendering)
    assert len(heard) == 1
    score_positives(tiny_bundle.path, [recording], cache, replace(rendering, seed=1))
    assert len(heard) == 2
    save(recording.path, tone(3000, 1.1))
    score_positives(tiny_bundle.path, [recording], cache, rendering)
    assert len(heard) == 3


def test_another_model_hears_for_itself(
    tiny_bundle: Bundle, tiny_forms: Bundle, talk: tuple[Window, ...], tmp_path: Path
) -> None:
    manifest, cache = tiny_forms.manifest, tmp_path / "cache"
    draft = ManifestDraft(manifest.name, manifest.labels, manifest.frontend, manifest.detect)
    content, model = tiny_bundle.models["window"], tiny_bundle.manifest.models[0]
    other = write_bundle(tmp_path / "other", draft, {"window": ModelPart(content, model.input, model.output)})
    for bundle in (tiny_forms, other):
        found = score_negatives(bundle.path, talk, cache).false_accepts(manifest.detect)
        assert [(event.label, event.score) for event in found] == [(label, score) for label, _, score in live(bundle, talk)]


def test_an_interrupted_measurement_goes_on(tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recordings = [Positive(save(tmp_path / "yes" / f"{n}.wav", tone(1000, 0.5 + n / 10)), "yes") for n in range(4)]
    rendering = Rendering(RATE, (CLEAN,))

    def stop(what: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_positives(tiny_bundle.path, recordings, tmp_path / "cache", rendering, progress=stop)
    assert len(list((tmp_path / "cache").iterdir())) == 3
    written: list[Path] = []
    write = trace_files.write_whole
    monkeypatch.setattr(trace_files, "write_whole", lambda path, *a, **k: written.append(path) or write(path, *a, **k))
    scores = score_positives(tiny_bundle.path, recordings, tmp_path / "cache", rendering)
    assert len(scores.clips["clean"]) == 4
    assert len(written) == 1


def test_several_processes_hear_the_same(tiny_bundle: Bundle, talk: tuple[Window, ...], tmp_path: Path) -> None:
    recordings = [Positive(save(tmp_path / "yes" / f"{n}.wav", tone(1000, 0.5 + n / 10)), "yes") for n in range(2)]
    rendering = Rendering(RATE, (CLEAN, NOISY))
    one, two = (
        score_positives(tiny_bundle.path, recordings, tmp_path / str(workers), rendering, workers=workers) for workers in (1, 2)
    )
    for condition in ("clean", "noisy"):
        for a, b in zip(one.clips[condition], two.clips[condition]):
            assert np.array_equal(a.replay.trace.posteriors, b.replay.trace.posteriors)


def test_broken_files_are_left_out_and_named(tiny_bundle: Bundle, talk: tuple[Window, ...], tmp_path: Path) -> None:
    (tmp_path / "talk" / "short" / "1.wav").write_bytes(b"RIFF")
    (tmp_path / "talk" / "long.wav").unlink()
    scores = score_negatives(tiny_bundle.path, talk, tmp_path / "cache")
    assert sorted(item.path.name for item in scores.left_out) == ["1.wav", "long.wav"]
    assert all("expected a readable" in item.why for item in scores.left_out)
    assert scores.hours == pytest.approx(3 * 1.2 / 3600)
    assert len(scores.streams) == 1
    (event,) = scores.false_accepts(tiny_bundle.manifest.detect)
    assert event.path.name == "2.wav"
    whole = Positive(save(tmp_path / "yes" / "a.wav", tone(1000, 1)), "yes")
    broken = Positive(tmp_path / "yes" / "b.wav", "yes")
    said = score_positives(tiny_bundle.path, [broken, whole], tmp_path / "cache", Rendering(RATE, (CLEAN,)))
    assert [clip.positive for clip in said.clips["clean"]] == [whole]
    assert [item.path.name for item in said.left_out] == ["b.wav"]


def test_nothing_to_hear_is_an_error(tiny_bundle: Bundle, talk: tuple[Window, ...], tmp_path: Path) -> None:
    for path in (tmp_path / "talk").rglob("*.wav"):
        path.unlink()
    with pytest.raises(DataError, match=r"audio without the words, found none that can be read; the first of 5 is .*wav: "):
        score_negatives(tiny_bundle.path, talk, tmp_path / "cache")
    with pytest.raises(DataError, match=r"recordings of the words, found none that can be read; the first of 1 is .*gone\.wav"):
        score_positives(tiny_bundle.path, [Positive(tmp_path / "gone.wav", "yes")], tmp_path / "cache", Rendering(RATE, (CLEAN,)))
    with pytest.raises(DataError, match="recordings of the words, found none that can be read$"):
        score_positives(tiny_bundle.path, [], tmp_path / "cache", Rendering(RATE, (CLEAN,)))
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="could not write there"):
        score_positives(
            tiny_bundle.path,
            [Positive(save(tmp_path / "a.wav", tone(1000, 1)), "yes")],
            tmp_path / "file",
            Rendering(RATE, (CLEAN,)),
        )
