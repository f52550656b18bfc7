"""Long numbers read aloud: what is said is what is written down, and what lies around it is there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.accents import LANGUAGES, respell
from edge_asr.data.level import rms
from edge_asr.data.line_codec import LINE_CODECS, lose_packets, through_line
from edge_asr.data.number_readers import ENOUGH_WORDS, TOGETHER, VoiceReader, recorded_readers, voice_readers
from edge_asr.data.number_reading import GROUPINGS, PAUSE_SECONDS, group, read_numbers, string_numbers
from edge_asr.data.reading_noises import breath, lips, paper
from edge_asr.data.speech_spec import DIGITS
from edge_asr.data.utterance import Utterance
from edge_asr.data.voices.voice import Voice
from edge_asr.errors import SynthesisError
from edge_asr.runtime.encode_wav import encode_wav
from tests.runtime.spoken import phrase, room, spoken_in

RATE = 16000
NOISES = (0.01 * np.random.default_rng(5).standard_normal(5 * RATE).astype(np.float32),)


class Hummer:
    """A reader whose digits are tones, each at a pitch of its own, and who fails when told to."""

    speaker, licence = "hummer", "none"
    fails = False

    def draw(self, count: int, rng: np.random.Generator) -> list[str]:
        return [DIGITS[i] for i in rng.integers(10, size=count)]

    def read(self, groups: Sequence[Sequence[str]], rng: np.random.Generator) -> list[np.ndarray]:
        if self.fails:
            raise SynthesisError("expected a voice")
        time = np.arange(RATE // 5) / RATE
        return [np.concatenate([0.05 * np.sin(2 * np.pi * (500 + 100 * DIGITS.index(w)) * time) for w in g]) for g in groups]


def pitches(samples: np.ndarray) -> list[str]:
    """The digits of a `Hummer`, at their pitches, from the loudest peaks of 50 ms."""
    found: list[str] = []
    for at in range(0, len(samples) - 800, 800):
        spectrum = np.abs(np.fft.rfft(samples[at : at + 800] * np.hanning(800), 16000))
        peak = int(spectrum.argmax())
        if spectrum[peak] > 5 and abs(peak - 500 - 100 * round((peak - 500) / 100)) < 8 and 0 <= (peak - 500) / 100 < 9.5:
            found.append(DIGITS[round((peak - 500) / 100)])
    return found


def test_groups_hold_all_digits_in_order() -> None:
    words = list("0123456789")
    assert [len(part) for part in group(words, "telephone")] == [3, 3, 4]
    assert [len(part) for part in group(words[:9], "pairs")] == [2, 2, 2, 2, 1]
    assert [len(part) for part in group(words, "singly")] == [1] * 10
    assert [len(part) for part in group(words, "at once")] == [10]
    for grouping in GROUPINGS:
        assert [word for part in group(words[:7], grouping) for word in part] == words[:7]


def test_what_is_written_is_what_is_said() -> None:
    said = list(string_numbers([Hummer()], 5, (3, 6), np.random.default_rng(1)))
    assert len(said) == 5
    for one in said:
        heard = pitches(one.samples)
        assert [w for n, w in enumerate(heard) if n == 0 or heard[n - 1] != w] == [
            w for n, w in enumerate(one.text.split()) if n == 0 or one.text.split()[n - 1] != w
        ]
        assert 3 <= len(one.text.split()) <= 6


def test_numbers_are_the_same_for_the_same_seed_and_independent_of_how_many() -> None:
    many = list(read_numbers([Hummer()], 6, (10, 10), NOISES, np.random.default_rng(3)))
    few = list(islice(read_numbers([Hummer()], 60, (10, 10), NOISES, np.random.default_rng(3)), 3))
    assert all(one.text == other.text and np.array_equal(one.samples, other.samples) for one, other in zip(few, many))
    assert len({one.text for one in many}) == 6
    assert all(np.abs(one.samples).max() <= 1.0 + 1e-6 and one.samples.dtype == np.float32 for one in many if "near" in one.about)
    assert len(many[0].samples) > RATE * (10 * 0.2 + PAUSE_SECONDS[0])


def test_some_come_by_telephone_and_readers_take_turns() -> None:
    readers = [Hummer(), Hummer()]
    readers[1].speaker = "other"
    about = [(one.speaker, one.about) for one in read_numbers(readers, 60, (4, 4), NOISES, np.random.default_rng(0))]
    assert [speaker for speaker, _ in about] == ["hummer", "other"] * 30
    near = sum("near" in what for _, what in about)
    assert 28 <= near <= 50  # 39 expected, standard deviation 3.7
    assert {what.split(", ")[0] for _, what in about} == set(GROUPINGS)


def test_a_number_that_cannot_be_read_is_left_out() -> None:
    readers = [Hummer(), Hummer()]
    readers[1].fails = True
    assert len(list(read_numbers(readers, 6, (4, 4), NOISES, np.random.default_rng(0)))) == 3
    assert len(list(string_numbers(readers, 6, (4, 4), np.random.default_rng(0)))) == 3


@pytest.mark.parametrize("make", [breath, paper, lips])
def test_noises_of_reading(make) -> None:
    sounds = [make(RATE, np.random.default_rng(seed)) for seed in range(20)]
    assert all(rms(sound) == pytest.approx(1.0, abs=1e-3) for sound in sounds)  # RMS 1 by their own word, in float32
    assert all(0.005 * RATE < len(sound) <= 0.9 * RATE for sound in sounds)
    assert not np.array_equal(sounds[0], sounds[1])


def test_paper_crackles_and_breath_does_not() -> None:
    def peakiness(sound: np.ndarray) -> float:
        return float(np.mean(sound.astype(np.float64) ** 4))

    crackles = np.median([peakiness(paper(RATE, np.random.default_rng(seed))) for seed in range(20)])
    hiss = np.median([peakiness(breath(RATE, np.random.default_rng(seed))) for seed in range(20)])
    assert crackles > 3 * hiss  # Gaussian noise has 3, under the swell of a breath about 6


@pytest.mark.parametrize("name", list(LINE_CODECS))
def test_codecs_keep_the_voice_and_lose_the_rest(name: str) -> None:
    time = np.arange(RATE) / RATE
    low, high = (0.3 * np.sin(2 * np.pi * hertz * time).astype(np.float32) for hertz in (1000, 6000))
    through = through_line(low + high, RATE, LINE_CODECS[name], 0.0, np.random.default_rng(0))
    assert through.shape == low.shape
    spectrum = np.abs(np.fft.rfft(through * np.hanning(RATE)))
    assert spectrum[6000] < 0.003 * spectrum[1000]
    middle = slice(RATE // 4, -RATE // 4)
    assert rms(through[middle]) == pytest.approx(rms(low), rel=0.1)  # GSM, the coarsest, has some 10 dB of noise


def test_packets_are_lost_in_bursts_and_fade() -> None:
    samples = np.ones(8000 * 60, np.float32)
    there = lose_packets(samples, 0.1, np.random.default_rng(1)).reshape(-1, 160)[:, 0]
    lost = there < 1
    assert lost.mean() == pytest.approx(0.1, abs=0.025)  # 3000 packets in bursts of two: standard deviation 0.009
    assert lost[1:][lost[:-1]].mean() == pytest.approx(0.5, abs=0.1)  # 300 of them: 0.03
    assert set(np.round(there[lost].astype(float), 3)) >= {0.7, 0.49}
    assert np.array_equal(lose_packets(samples, 0.0, np.random.default_rng(1)), samples)


def test_every_language_spells_every_digit() -> None:
    for language in LANGUAGES:
        assert len(respell(" ".join(DIGITS), language).split()) == 11
    assert respell("one, two", "de") == "uann, tuh"
    assert respell("one, two", "en-gb") == "one, two"


def recording(folder: Path, speaker: str, word: str, sound: np.ndarray) -> Utterance:
    path = folder / f"{word}_{speaker}.wav"
    path.write_bytes(encode_wav(sound, RATE))
    return Utterance(f"{word}_{speaker}", path, word, speaker, "test", "CC BY")


def test_those_who_say_many_digits_read_alone(tmp_path: Path) -> None:
    said = spoken_in(room(1.5), (0.4, phrase(0.5)))
    many = [recording(tmp_path, "anna", word, said) for word in DIGITS[:ENOUGH_WORDS]]
    few = [recording(tmp_path, "bert", "six", said), recording(tmp_path, "carl", "six", said)]
    silent = recording(tmp_path, "anna", "nine", np.zeros(RATE, np.float32))
    anna, together = recorded_readers([*many, *few, silent])
    assert (anna.speaker, anna.licence, sorted(anna.words)) == ("anna", "CC BY", sorted(DIGITS[:ENOUGH_WORDS]))
    assert (together.speaker, len(together.words["six"])) == (TOGETHER, 2)
    assert together.draw(3, np.random.default_rng(0)) == ["six"] * 3
    one, three = anna.read([["one"], ["two", "three", "four"]], np.random.default_rng(0))
    assert 2.4 * len(one) < len(three) < 4.2 * len(one)  # gaps from -30 to 150 ms, words of half a second


def test_a_voice_reads_in_its_accent() -> None:
    reader = VoiceReader(Voice("espeak", "de", "de", "GPL", ""))
    (said,) = reader.read([["one", "two"]], np.random.default_rng(0))
    assert 0.2 * RATE < len(said) < 3 * RATE
    drawn = [reader.draw(10, np.random.default_rng(seed)) for seed in range(100)]
    says_oh = [number for number in drawn if "oh" in number]
    assert all("zero" not in number for number in says_oh)
    assert 8 <= len(says_oh) <= 35  # 0.3 of those with a zero, 65 of 100: 20 expected, standard deviation 4


def test_voices_that_read_are_not_those_that_teach() -> None:
    from edge_asr.data.voice_splits import split_voices
    from edge_asr.data.voices import voices_for

    readers = voice_readers(20, (15.0, 10.0), np.random.default_rng(0))
    assert len(readers) == 20
    teaching = {(v.engine, v.speaker) for split in ("train", "validation") for v in split_voices(voices_for("en"), 15, 10)[split]}
    assert not teaching & {(one.voice.engine, one.voice.speaker) for one in readers}
    languages = {one.voice.language for one in readers}
    assert len(languages & set(LANGUAGES)) >= 5
    assert any(language.startswith("en") for language in languages)
