from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.readers import read_dataset
from edge_asr.data.spec import DataSpec
from edge_asr.data.voices.word_set import SpokenLabel, WordSet, speak_words
from edge_asr.errors import DataError, SynthesisError

pytest.importorskip("espeakng_loader", reason="needs the 'synth' extra (espeakng-loader)")

LABELS = (SpokenLabel("stop", ("stop",), 2), SpokenLabel("_unknown_", ("water", "music"), 3))
WORDS = WordSet(LABELS, speakers=("f1", "m1", "f3"), accents=("en-us", "en-gb"), carriers=("{}", "please {} now"))


def clips(root: Path) -> dict[str, np.ndarray]:
    """Every WAV below `root` by its path there."""
    found = {}
    for path in root.rglob("*.wav"):
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
            found[path.relative_to(root).as_posix()] = np.frombuffer(file.readframes(1 << 20), "<i2")
    return found


def test_makes_a_folder_that_is_split_by_speaker(tmp_path: Path) -> None:
    root = speak_words(WORDS, tmp_path)
    assert len(clips(root)) == 3 * (2 + 3)
    spec = DataSpec(reader="folder", labels=("stop", "_unknown_"), validation_percent=30.0, test_percent=30.0)
    dataset = read_dataset(spec, root)
    assert dataset.left_out == ()
    splits = {(clip.speaker, clip.split) for clip in dataset.clips}
    assert {speaker for speaker, _ in splits} == {"f1", "m1", "f3"}
    assert {split for _, split in splits} == {"train", "validation", "test"}
    assert len(splits) == 3


def test_clips_are_cut_around_the_word(tmp_path: Path) -> None:
    long = "it was a very long time ago that they said {} to everybody who was still waiting there"
    one = replace(WORDS, carriers=(long,), accents=("en-us",), rate=(1.0, 1.0), pitch=(0.0, 0.0), pitch_range=(1.0, 1.0))
    alone = replace(one, carriers=("{}",))
    word = next(iter(clips(speak_words(alone, tmp_path)).values()))
    assert len(word) == 16000
    loud = np.flatnonzero(np.abs(word) > 1000)
    assert 7200 < (loud[0] + loud[-1]) / 2 < 8800  # in the middle, give or take 50 ms
    assert loud[-1] - loud[0] < 9600
    embedded = clips(speak_words(one, tmp_path))["stop/f1_nohash_0.wav"]
    assert len(embedded) == 16000
    # Speech goes on at both ends, and the closure of the "p" or "t" does not last 0.2 s.
    assert np.abs(embedded[:3200]).max() > 1000
    assert np.abs(embedded[-3200:]).max() > 1000


def test_same_words_same_files_and_another_seed_others(tmp_path: Path) -> None:
    first, again = speak_words(WORDS, tmp_path / "a"), speak_words(WORDS, tmp_path / "b")
    other = speak_words(replace(WORDS, seed=2), tmp_path / "a")
    assert first.name == again.name != other.name
    one, two, three = clips(first), clips(again), clips(other)
    assert one.keys() == two.keys() == three.keys()
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert any(not np.array_equal(one[name], three[name]) for name in one)
    assert len({content.tobytes() for content in one.values()}) == len(one)


def test_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        speak_words(WORDS, tmp_path, progress=interrupt)
    kept = sorted(tmp_path.rglob("*.wav"))
    assert len(kept) == 4
    times = [path.stat().st_mtime_ns for path in kept]
    told: list[tuple[str, int, int]] = []
    root = speak_words(WORDS, tmp_path, progress=lambda *step: told.append(step))
    assert [path.stat().st_mtime_ns for path in kept] == times
    assert told == [("speaking", i, 15) for i in range(1, 16)]
    whole = clips(speak_words(WORDS, tmp_path / "unbroken"))
    assert all(np.array_equal(content, whole[name]) for name, content in clips(root).items())
    assert not list(tmp_path.rglob("*.part"))


def test_unknown_speakers_and_unwritable_folders_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match="no voice 'en-us\\+nobody'"):
        speak_words(replace(WORDS, speakers=("nobody",), accents=("en-us",)), tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="can't be written"):
        speak_words(WORDS, tmp_path / "file")
