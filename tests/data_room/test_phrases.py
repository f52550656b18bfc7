from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_asr.data.level import active_rms
from edge_asr.data.voices import ENGINES, Delivery, Speech, Voice, find_voice, list_voices
from edge_asr.data.voices.phrases import PhraseJob, draw_jobs, phrase_bounds, speak_phrases
from edge_asr.data.voices.usage import summarise_speech
from edge_asr.errors import DataError, SynthesisError

pytest.importorskip("espeakng_loader", reason="needs the 'synth' extra (espeakng-loader)")

RATE = 16000


def drawn(count: int, text: str = "smart mirror", seed: int = 1) -> tuple[PhraseJob, ...]:
    return draw_jobs([text], list_voices("en"), count, np.random.default_rng(seed))


def tone(seconds: float, level: float) -> np.ndarray:
    return (level * np.sin(2 * np.pi * 250 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


class Recited:
    """An engine that says what it is told to, or fails."""

    how_to_get, quality, pitch_span = "", 1.0, 4.0

    def __init__(self) -> None:
        self.said: list[str] = []

    def voices(self) -> tuple[Voice, ...]:
        return (Voice("recited", "one", "en", "free", "one"),)

    def speak(self, text: str, voice: Voice, delivery: Delivery) -> Speech:
        self.said.append(text)
        if text.startswith("fails"):
            raise SynthesisError("lost its voice")
        word = tone(0.4, 0.2)
        return Speech(np.concatenate([tone(0.3, 0.0005), word, np.zeros(800, np.float32)]), RATE)


@pytest.fixture
def recited(monkeypatch: pytest.MonkeyPatch) -> Recited:
    engine = Recited()
    monkeypatch.setitem(ENGINES, "recited", engine)
    return engine


def jobs_of(engine: Recited, texts: list[str]) -> list[PhraseJob]:
    return [PhraseJob(text, engine.voices()[0], Delivery()) for text in texts]


def test_a_file_holds_the_phrase_between_its_margins(recited: Recited, tmp_path: Path) -> None:
    (phrase,) = speak_phrases(jobs_of(recited, ["alexa"]), tmp_path)
    samples, rate = soundfile.read(phrase.path, dtype="float32")
    assert (rate, samples.ndim, soundfile.info(phrase.path).format) == (RATE, 1, "FLAC")
    assert phrase.start == pytest.approx(0.1)
    assert phrase.end == pytest.approx(0.5, abs=0.01)  # frames of 10 ms
    assert len(samples) / rate == pytest.approx(phrase.end + 0.1)
    # -20 dBFS; in front is what the engine made there, 52 dB below, and behind is silence where it made nothing.
    assert active_rms(samples, rate) == pytest.approx(0.1, rel=0.02)
    assert 0 < np.abs(samples[: round(0.09 * rate)]).max() < 0.001
    assert not samples[round(0.56 * rate) :].any()
    assert (phrase.text, phrase.voice.name, phrase.licence) == ("alexa", "one", "free")


def test_bounds_are_where_the_level_comes_within_35_db_of_the_loudest() -> None:
    fading = tone(0.5, 0.5) * np.linspace(1, 0, 8000, dtype=np.float32) ** 2
    samples = np.concatenate([tone(0.2, 0.5 * 10 ** (-40 / 20)), fading, np.zeros(1600, np.float32)])
    start, end = phrase_bounds(samples)
    assert start == 3200
    # (1 - t) ** 2 is at -35 dB where t is 0.867.
    assert end / RATE == pytest.approx(0.2 + 0.5 * 0.867, abs=0.011)
    for silence in (np.zeros(1600, np.float32), np.zeros(0, np.float32)):
        with pytest.raises(SynthesisError, match="found silence"):
            phrase_bounds(silence)


def test_same_jobs_same_files_in_one_process_or_two(tmp_path: Path) -> None:
    jobs = drawn(12)
    told: list[tuple[str, int, int]] = []
    one = speak_phrases(jobs, tmp_path / "a", progress=lambda *step: told.append(step))
    two = speak_phrases(jobs, tmp_path / "b", workers=2)
    assert told == [("speaking", done, 12) for done in range(13)]
    assert [phrase.path.name for phrase in one] == [f"{job.digest}.flac" for job in jobs] == [phrase.path.name for phrase in two]
    assert all(x.path.read_bytes() == y.path.read_bytes() for x, y in zip(one, two))
    assert [replace(phrase, path=Path()) for phrase in one] == [replace(phrase, path=Path()) for phrase in two]


def test_goes_on_where_it_was_interrupted_and_speaks_nothing_twice(recited: Recited, tmp_path: Path) -> None:
    jobs = jobs_of(recited, [f"word {i}" for i in range(9)])

    def interrupt(what: str, done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        speak_phrases(jobs, tmp_path, progress=interrupt)
    assert len(list(tmp_path.iterdir())) == 4
    (tmp_path / f"{jobs[0].digest}.flac").write_bytes(b"")  # a power failure
    told: list[int] = []
    phrases = speak_phrases(jobs, tmp_path, progress=lambda _, done, total: told.append(done))
    assert [phrase.text for phrase in phrases] == [job.text for job in jobs]
    assert told == [3, 4, 5, 6, 7, 8, 9]
    assert Counter(recited.said) == Counter([job.text for job in jobs] + ["word 0"])


def test_a_few_failures_are_left_out_and_many_are_an_error(recited: Recited, tmp_path: Path) -> None:
    few = jobs_of(recited, ["fails", *(f"word {i}" for i in range(9))])
    assert [phrase.text for phrase in speak_phrases(few, tmp_path)] == [f"word {i}" for i in range(9)]
    many = jobs_of(recited, ["fails", "fails too", *(f"word {i}" for i in range(9))])
    with pytest.raises(SynthesisError, match="lost its voice"):
        speak_phrases(many, tmp_path)


def test_a_place_that_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="can't be written"):
        speak_phrases(drawn(1), tmp_path / "file")


@pytest.mark.parametrize(
    ("language", "text"), [("en", "alexa"), ("de", "sch\u00f6ner Spiegel"), ("fr", "\u00e9cran"), ("cmn", "\u4f60\u597d")]
)
def test_phrases_last_as_long_as_phrases_do_in_any_language(language: str, text: str, tmp_path: Path) -> None:
    jobs = draw_jobs([text], list_voices(language), 40, np.random.default_rng(2))
    phrases = speak_phrases(jobs, tmp_path)
    assert len(phrases) == 40
    for phrase in phrases:
        assert 0.2 < phrase.end - phrase.start < 2.0, phrase
        samples, rate = soundfile.read(phrase.path, dtype="float32")
        assert np.mean(np.abs(samples) > 0.999) < 0.001, phrase
        assert 0.05 < active_rms(samples, rate) < 0.11, phrase


def test_summary_counts_voices_engines_and_licences(recited: Recited, tmp_path: Path) -> None:
    voice = find_voice("en-us+f3")
    jobs = [
        *jobs_of(recited, ["fails", *(f"word {i}" for i in range(9))]),
        *(PhraseJob("alexa", voice, Delivery(r)) for r in (1.0, 1.1)),
    ]
    phrases = speak_phrases(jobs, tmp_path)
    summary = summarise_speech(jobs, phrases, seed=7)
    assert (summary.seed, summary.asked, summary.spoken) == (7, 12, 11)
    assert summary.engines == {"recited": 9, "espeak": 2}
    assert [(use.engine, use.name, use.phrases) for use in summary.voices] == [("espeak", "en-us+f3", 2), ("recited", "one", 9)]
    assert summary.licences == (voice.licence, "free")
    assert summary.seconds == pytest.approx(sum(phrase.end - phrase.start for phrase in phrases), abs=0.001)
    assert str(tmp_path) not in json.dumps(asdict(summary))
