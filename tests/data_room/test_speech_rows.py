"""What a recogniser hears: rows, strings of recorded words, and their sounds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.clips import SPLITS, Split
from edge_asr.data.connected import connect
from edge_asr.data.excerpt import Excerpt
from edge_asr.data.level import active_rms
from edge_asr.data.negatives import read_negatives
from edge_asr.data.sound_pool import NOMINAL_RMS
from edge_asr.data.spec import AugmentSpec
from edge_asr.data.speech_rows import SpeechRow, empty_rows, recording_rows, string_rows
from edge_asr.data.speech_spec import SpeechSpec
from edge_asr.data.speech_waveforms import SpeechWaveforms, read_word
from edge_asr.data.utterance import Utterance
from edge_asr.errors import AudioError
from tests.data_room.sounds import RATE, noise, write

SPEC = SpeechSpec(unit="words", words=("one", "two", "three"), strings=300, string_words=(2, 5), empty=40, held_percent=10)
QUIET = AugmentSpec(
    copies=1, gain_db=(0, 0), speed=(1, 1), filter_probability=0, reverb_probability=0, noise_probability=0
)  # fmt: skip
PLAIN = replace(SPEC, telephone=0.0, lead_ms=(100.0, 100.0), trail_ms=(300.0, 300.0), word_speed=(1.0, 1.0))


def tone(seconds: float, hertz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def said(word: str, speaker: str, number: int = 0, split: Split = "train") -> Utterance:
    return Utterance(f"{word}/{speaker}/{number}", Path(f"{word}-{speaker}-{number}.wav"), word, speaker, split)


def test_strings_hold_each_word_equally_often_and_nobody_drowns_the_others():
    many = [said("one", "busy", number) for number in range(100)]
    few = [said("one", f"p{number}") for number in range(5)]
    rest = [said("two", "busy"), said("three", "busy"), said("two", "held", split="validation")]
    rows = list(string_rows(SPEC, [*many, *few, *rest], "train", 1))
    assert len(rows) == 300
    words = Counter(word for row in rows for word in row.text.split())
    assert max(words.values()) < 1.3 * min(words.values())
    assert {len(row.said) for row in rows} == {2, 3, 4, 5}
    assert all(row.connected and row.variants == range(1, 2) for row in rows)
    heard = Counter("busy" in file.path.name for row in rows for file in row.said if file.path.name.startswith("one"))
    # A hundred recordings of one person weigh like ten of ten people: two thirds.
    assert 0.55 < heard[True] / heard.total() < 0.78
    assert rows == list(string_rows(SPEC, [*many, *few, *rest], "train", 1))
    assert rows != list(string_rows(SPEC, [*many, *few, *rest], "train", 2))


def test_a_split_without_words_has_no_strings_and_a_text_of_several_words_is_no_word():
    assert not list(string_rows(SPEC, [said("one two", "a")], "train", 1))
    assert not list(string_rows(SPEC, [said("one", "a")], "test", 1))


def test_only_training_has_augmented_copies_of_recordings():
    rows = list(recording_rows([said("one", "a"), said("one", "b", split="test")], copies=3))
    assert [row.variants for row in rows] == [range(4), range(1)]


def test_empty_stretches_are_of_speech_and_noise_in_each_split(tmp_path: Path):
    for number in range(80):
        write(tmp_path / "speech" / f"talk-{number}.wav", noise(2.0, number))
        write(tmp_path / "noise" / f"n{number}.wav", noise(2.0, 100 + number))
    negatives = read_negatives([tmp_path / "speech"]) + read_negatives([tmp_path / "noise"], kind="noise")
    for split in SPLITS:
        rows = list(empty_rows(SPEC, negatives, split, 1))
        kinds = Counter(row.id.split("/")[1] for row in rows)
        assert kinds == ({"speech": 30, "noise": 10} if split == "train" else {"speech": 3, "noise": 1})
        for row in rows:
            assert not row.text
            assert row.heard is not None
            assert all(piece.clip.split == split for piece in row.heard.pieces)


def test_words_are_put_together_with_gaps_that_may_overlap():
    words = [tone(0.3, hz) for hz in (500, 1000, 2000)]
    apart = connect(words, replace(PLAIN, gap_ms=(200.0, 200.0)), RATE, np.random.default_rng(1))
    # Each stretch may be a frame of WSOLA short or long.
    assert len(apart) == pytest.approx(RATE * (0.9 + 0.4), abs=600)
    together = connect(words, replace(PLAIN, gap_ms=(-50.0, -50.0)), RATE, np.random.default_rng(1))
    assert len(together) == pytest.approx(RATE * (0.9 - 0.1), abs=600)
    never_lost = connect(words, replace(PLAIN, gap_ms=(-500.0, -500.0)), RATE, np.random.default_rng(1))
    assert len(never_lost) >= RATE * (0.9 - 2 * 0.35 * 0.3) - 600


def test_faster_words_make_shorter_strings():
    words = [tone(0.5, 500)] * 4
    spec = replace(PLAIN, gap_ms=(0.0, 0.0), word_speed=(1.25, 1.25))
    assert len(connect(words, spec, RATE, np.random.default_rng(1))) == pytest.approx(RATE * 2.0 / 1.25, abs=800)


def waveforms(spec: SpeechSpec = PLAIN, augment: AugmentSpec = QUIET) -> SpeechWaveforms:
    return SpeechWaveforms(dict.fromkeys(SPLITS, ()), RATE, spec, augment, 1)


def test_a_recording_is_brought_to_the_nominal_level_between_silences(tmp_path: Path):
    path = write(tmp_path / "a.wav", 0.5 * tone(1.0, 440))
    row = SpeechRow("a", "one", "train", (Excerpt(path, 0.0, 0.0),), variants=range(1))
    (sound,) = waveforms().variants(row)
    assert len(sound) == RATE * 1.4
    assert not sound[: RATE // 10].any()
    assert not sound[-RATE * 3 // 10 :].any()
    assert active_rms(sound[RATE // 10 : RATE * 11 // 10], RATE) == pytest.approx(NOMINAL_RMS, rel=0.02)


def test_each_variant_is_drawn_by_itself_and_the_same_each_time(tmp_path: Path):
    path = write(tmp_path / "a.wav", 0.5 * tone(1.0, 440))
    maker = waveforms(replace(SPEC, telephone=0.5), AugmentSpec())
    row = SpeechRow("a", "one", "train", (Excerpt(path, 0.0, 0.0),), variants=range(3))
    first = list(maker.variants(row))
    again = list(maker.variants(replace(row, variants=range(2, 3))))
    assert np.array_equal(first[2], again[0])
    assert len(first[1]) != len(first[2])
    assert np.array_equal(first[0], next(waveforms(replace(SPEC, telephone=0.5)).variants(row)))  # 0 is not augmented
    assert all(np.abs(sound).max() <= 1.0 for sound in first)


def test_noise_is_the_splits_own(tmp_path: Path):
    hiss = write(tmp_path / "hiss.wav", noise(3.0, 1))
    path = write(tmp_path / "a.wav", 0.5 * tone(1.0, 440))
    noisy = replace(QUIET, noise_probability=1.0, snr_db=(10.0, 10.0))
    maker = SpeechWaveforms({"train": (Excerpt(hiss, 0.0, 3.0),), "validation": (), "test": ()}, RATE, PLAIN, noisy, 1)
    row = SpeechRow("a", "one", "train", (Excerpt(path, 0.0, 0.0),), variants=range(1, 2))
    (sound,) = maker.variants(row)
    quiet = sound[-RATE // 5 :]
    # 10 dB below the speech; the cut's level varies a little from the whole's.
    assert active_rms(quiet, RATE) == pytest.approx(NOMINAL_RMS * 10 ** (-10 / 20), rel=0.15)


def test_words_are_cut_out_of_the_silence_and_what_is_no_word_is_refused(tmp_path: Path):
    word = np.concatenate((np.zeros(RATE // 2), 0.3 * tone(0.4, 300), np.zeros(RATE // 2))) + 1e-4 * noise(1.4, 3)
    path = write(tmp_path / "word.wav", word)
    assert 0.35 < len(read_word(Excerpt(path, 0.0, 0.0), RATE)) / RATE < 0.6
    tight = write(tmp_path / "tight.wav", 0.3 * tone(0.3, 300))
    assert len(read_word(Excerpt(tight, 0.0, 0.0), RATE)) == pytest.approx(0.3 * RATE, abs=1)
    for name, sound in (("faint", 1e-4 * noise(1.0, 4)), ("nothing", np.zeros(RATE))):
        with pytest.raises(AudioError, match=f"{name}.wav"):
            read_word(Excerpt(write(tmp_path / f"{name}.wav", sound), 0.0, 0.0), RATE)
