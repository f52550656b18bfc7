"""Who speaks in which split, what is said, and which windows come of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data import wake_script
from edge_asr.data.clips import SPLITS
from edge_asr.data.excerpt import Excerpt
from edge_asr.data.negatives import Negatives, read_negatives
from edge_asr.data.recordings import Recording, Recordings
from edge_asr.data.voice_splits import split_voices
from edge_asr.data.voices.jobs import PhraseJob
from edge_asr.data.voices.phrases import SpokenPhrase
from edge_asr.data.voices.usage import SpeechSummary
from edge_asr.data.voices.voice import Delivery, Voice
from edge_asr.data.wake_dataset import wake_dataset
from edge_asr.data.wake_places import WakeMaterial
from edge_asr.data.wake_script import Script, write_scripts
from edge_asr.data.wake_spec import WakeSpec
from edge_asr.data.wake_takes import Spoken, SpokenTake, speak_scripts, takes_in
from edge_asr.data.wake_windows import UNKNOWN_LABEL, Take
from edge_asr.errors import DataError
from edge_asr.runtime.speech_span import Span
from tests.data_room.sounds import noise, write

SPEC = WakeSpec(phrases=("hey you", "Good day"), partial_share=0.0, gone_share=0.0, noise_windows=10, negative_windows=40)


def voice(engine: str, speaker: int, accent: str = "en-us") -> Voice:
    return Voice(engine, f"{accent}+{speaker}", accent, "free", f"s{speaker}")


VOICES = [voice("espeak", speaker, accent) for speaker in range(40) for accent in ("en-us", "en-gb")]
VOICES += [voice("piper", speaker) for speaker in range(10)]


def test_no_speaker_is_in_two_splits_and_every_engine_with_many_is_in_all():
    found = split_voices(VOICES, SPEC.validation_percent, SPEC.test_percent)
    assert sum(map(len, found.values())) == len(VOICES)
    speakers = {split: {(v.engine, v.speaker) for v in voices} for split, voices in found.items()}
    assert not speakers["train"] & (speakers["validation"] | speakers["test"])
    assert not speakers["validation"] & speakers["test"]
    for split in SPLITS:
        assert {engine for engine, _ in speakers[split]} == {"espeak", "piper"}
    assert 4 <= len({s for e, s in speakers["validation"] if e == "espeak"}) <= 6  # 12 % of 40


def test_an_engine_with_few_speakers_only_teaches():
    few = [voice("flite", speaker) for speaker in range(9)]
    found = split_voices(VOICES + few, SPEC.validation_percent, SPEC.test_percent)
    assert [v for v in found["train"] if v.engine == "flite"] == few
    assert not [v for split in ("validation", "test") for v in found[split] if v.engine == "flite"]


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> None:
    def like(phrase: str, language: str, count: int, *, least: float) -> tuple[str, ...]:
        assert least == SPEC.near_miss_distance
        return ("hay ewe", "good DAY", "wood day")[:count]

    def parts(phrase: str, language: str, *, least: float) -> tuple[str, ...]:
        assert least == SPEC.near_miss_distance
        return tuple(phrase.split())

    monkeypatch.setattr(wake_script, "near_misses", like)
    monkeypatch.setattr(wake_script, "phrase_parts", parts)
    monkeypatch.setattr(wake_script, "other_sentences", lambda language, count, rng, avoid: ("one two",) * count)


def test_every_phrase_has_its_script_and_no_other_phrase_is_a_near_miss(texts: None):
    scripts = write_scripts(SPEC, 1)
    assert [(s.role, s.label) for s in scripts] == [
        ("phrase", 1), ("near_miss", 0), ("part", 0), ("phrase", 2), ("near_miss", 0), ("part", 0), ("sentence", 0),
    ]  # fmt: skip
    assert scripts[1].texts == scripts[4].texts == ("hay ewe", "wood day")
    assert scripts[3].texts == ("Good day",)
    of_phrase = [SPEC.positives, SPEC.near_miss_takes, SPEC.part_takes]
    assert [s.takes for s in scripts] == [*of_phrase, *of_phrase, SPEC.sentence_takes]


def test_what_is_not_wanted_is_not_looked_for(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise AssertionError

    for name in ("near_misses", "phrase_parts", "other_sentences"):
        monkeypatch.setattr(wake_script, name, fail)
    none = replace(SPEC, near_miss_takes=0, part_takes=0, sentence_takes=0)
    assert [s.role for s in write_scripts(none, 1)] == ["phrase", "phrase"]


def test_takes_of_each_split_are_spoken_by_its_own_voices(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    asked: list[PhraseJob] = []

    def pretend(jobs: list[PhraseJob], folder: Path, **_: object) -> tuple[SpokenPhrase, ...]:
        asked.extend(jobs)
        # One fails.
        return tuple(SpokenPhrase(folder / f"{job.digest}.flac", job.text, job.voice, 0.1, 0.9) for job in jobs[1:])

    monkeypatch.setattr("edge_asr.data.wake_takes.speak_phrases", pretend)
    voices = split_voices(VOICES, SPEC.validation_percent, SPEC.test_percent)
    scripts = (Script("phrase", 1, ("hey you",), 50), Script("sentence", 0, ("a b", "c d"), 20))
    spoken = speak_scripts(scripts, voices, SPEC, tmp_path, seed=1)
    assert [takes_in(split, 50, SPEC) for split in SPLITS] == [50, 6, 3]  # 12 and 5 percent, rounded up
    counts = Counter((one.role, one.take.split) for one in spoken.takes)
    assert counts == {
        ("phrase", "train"): 49, ("phrase", "validation"): 6, ("phrase", "test"): 3,
        ("sentence", "train"): 20, ("sentence", "validation"): 3, ("sentence", "test"): 1,
    }  # fmt: skip
    assert len({one.take.id for one in spoken.takes}) == len(spoken.takes)
    for one in spoken.takes:
        assert one.phrase.voice in voices[one.take.split]
        assert one.take.label == (1 if one.role == "phrase" else 0)
        assert one.take.start == pytest.approx(0.03)
        assert one.take.end - one.take.start == pytest.approx(0.8)
    first = list(asked)
    speak_scripts(scripts, voices, SPEC, tmp_path, seed=1)
    assert asked[len(first) :] == first


def spoken(tmp_path: Path, seconds: float = 0.8) -> Spoken:
    takes = []
    for role, label in (("phrase", 1), ("phrase", 2), ("near_miss", 0), ("sentence", 0)):
        for split in SPLITS:
            path = tmp_path / f"{role}{label}{split}.flac"
            take = Take(f"{role}/{label}/{split}", Excerpt(path, 0.0, seconds + 0.06), 0.03, seconds + 0.03, split, label)
            phrase = SpokenPhrase(path, "x", VOICES[0], 0.03, seconds + 0.03)
            takes.append(SpokenTake(role, take, phrase))  # type: ignore[arg-type]
    return Spoken(tuple(takes), SpeechSummary(1, 0, 0, 0.0, {}, ()))


def test_windows_of_everything(tmp_path: Path):
    for number in range(20):
        write(tmp_path / "speech" / f"s{number}_1.wav", noise(4.0, number))
    write(tmp_path / "noise" / "hiss.wav", noise(700.0, 99))
    negatives = read_negatives([tmp_path / "speech"]) + read_negatives([tmp_path / "noise"])
    own = tuple(Recording(tmp_path / f"r{i}.wav", "good_day", 3.0, 3.7, Span(0.0, 4.0), None, "train") for i in range(2))
    material = WakeMaterial({}, negatives, Recordings(tmp_path, own))  # type: ignore[arg-type]
    dataset = wake_dataset(replace(SPEC, recording_weight=3), spoken(tmp_path), material, 1.5, 1)
    kinds = Counter((window.id.split("/")[0], window.split, window.label) for window in dataset.windows)
    assert kinds[("phrase", "train", 1)] == kinds[("phrase", "train", 2)] == 1
    assert kinds[("near_miss", "validation", UNKNOWN_LABEL)] == 1
    assert kinds[("recorded", "train", 2)] == 2 * 3
    assert kinds[("noise", "train", UNKNOWN_LABEL)] == 10
    assert kinds[("noise", "validation", UNKNOWN_LABEL)] == 2  # 15 %
    assert kinds[("negative", "train", UNKNOWN_LABEL)] == 40
    assert 0 < kinds[("negative", "validation", UNKNOWN_LABEL)] <= 7
    assert len({window.id for window in dataset.windows}) == len(dataset.windows)
    recorded = next(window for window in dataset.windows if window.id.startswith("recorded/"))
    assert recorded.sound == Excerpt(own[0].path, 1.0, 4.0)  # two seconds of its room, as far as it is its own
    assert recorded.ends == pytest.approx((2.7, 3.0))
    for split in SPLITS:
        heard = {clip.path for clip in negatives.of(split, "speech")} | {tmp_path / f"sentence0{split}.flac"}
        assert {file.path for file in dataset.around[split].speech} == heard
    assert wake_dataset(replace(SPEC, recording_weight=3), spoken(tmp_path), material, 1.5, 1) == dataset
    other = wake_dataset(replace(SPEC, recording_weight=3), spoken(tmp_path), material, 1.5, 2)
    assert other.windows != dataset.windows


def test_a_phrase_that_does_not_fit_its_window(tmp_path: Path):
    material = WakeMaterial({}, Negatives(), None)  # type: ignore[arg-type]
    assert wake_dataset(SPEC, spoken(tmp_path, 1.19), material, 1.5, 1).windows
    with pytest.raises(DataError, match="--set data.clip_seconds=1.7"):
        wake_dataset(SPEC, spoken(tmp_path, 1.21), material, 1.5, 1)


def test_jobs_differ_from_script_to_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Two scripts of one text are spoken in different ways."""
    said: list[PhraseJob] = []
    monkeypatch.setattr("edge_asr.data.wake_takes.speak_phrases", lambda jobs, folder, **_: said.extend(jobs) or ())
    scripts = (Script("phrase", 1, ("hey",), 5), Script("part", 0, ("hey",), 5))
    speak_scripts(scripts, {"train": tuple(VOICES), "validation": (), "test": ()}, SPEC, tmp_path, seed=1)
    assert len({job.digest for job in said}) == 10
    assert isinstance(said[0].delivery, Delivery)
    assert np.ptp([job.delivery.rate for job in said]) > 0.05
