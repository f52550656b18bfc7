"""The built-in gate hears speech by how far it stands out, whatever the level, and gets used to a room."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.runtime.energy_voice import FLOOR_SECONDS, UNKNOWN_SECONDS, EnergyVoice
from tests.runtime.spoken import RATE, phrase, room, spoken_in
from tests.runtime.tones import random_chunks

HOP = 160
MARGIN = 9.0


def decide(sound: np.ndarray, margin: float = MARGIN, rate: int = RATE) -> np.ndarray:
    voice = EnergyVoice(rate, margin)
    return voice.is_speech(sound[: len(sound) // voice.frame_samples * voice.frame_samples].astype(np.float64))


def seconds(decisions: np.ndarray) -> tuple[float, float]:
    """The first frame of speech, and the end of the last."""
    found = np.flatnonzero(decisions)
    return found[0] * 0.01, (found[-1] + 1) * 0.01


@pytest.mark.parametrize("level", [0.0003, 0.003, 0.03])
def test_speech_is_found_at_any_level(level):
    sound = spoken_in(room(8.0, level), (5.0, phrase(level=10 * level)))  # 20 dB above the noise
    decisions = decide(sound)[400:]  # the room is known
    begin, end = seconds(decisions)
    # 50 ms are averaged, and the hiss at the end of the phrase may be cut short
    assert begin + 4 == pytest.approx(5.0, abs=0.05)
    assert end + 4 == pytest.approx(5.8, abs=0.15)
    assert decisions[100:180].mean() > 0.7


def test_a_factor_changes_nothing_once_the_room_is_known():
    """Powers of two, so that nothing is rounded."""
    sound = spoken_in(room(7.0, 0.001), (5.0, phrase(level=0.02))).astype(np.float64)
    expected = decide(sound)[100:]
    assert expected.any()
    assert np.array_equal(decide(sound / 4)[100:], expected)
    assert np.array_equal(decide(sound * 8)[100:], expected)


@pytest.mark.parametrize("level", [0.0001, 0.001, 0.1])
@pytest.mark.parametrize("colour", ["white", "brown"])
def test_steady_noise_is_no_speech(colour, level):
    noise = room(12.0, level) if colour == "brown" else np.random.default_rng(1).normal(0, level, 12 * RATE)
    decisions = decide(noise)
    assert not decisions[round(UNKNOWN_SECONDS * 100) :].any()
    assert decisions[: round(UNKNOWN_SECONDS * 100)].any() == (level == 0.1)  # a loud room must show that it is one


def test_noise_that_grows_slowly_is_followed():
    noise = room(20.0, 0.001) * 10 ** (np.arange(20 * RATE) / RATE / 20)  # a decibel a second
    assert not decide(noise).any()


def test_noise_that_jumps_is_known_after_the_floors_memory():
    noise = room(20.0, 0.001)
    noise[10 * RATE :] *= 10
    decisions = decide(noise)
    begin, end = seconds(decisions)
    assert begin == pytest.approx(10.0, abs=0.06)  # the average of 50 ms
    assert end == pytest.approx(10.0 + FLOOR_SECONDS, abs=0.1)
    noise[10 * RATE :] /= 100
    assert not decide(noise).any()  # down it goes at once


def test_speech_at_once_is_speech():
    assert decide(phrase(level=0.05))[:60].mean() > 0.7


def test_digital_silence_says_nothing_about_the_room():
    sound = np.concatenate((np.zeros(5 * RATE), phrase(level=0.05), np.zeros(5 * RATE)))
    begin, end = seconds(decide(sound))
    assert begin == pytest.approx(5.0, abs=0.05)
    assert end == pytest.approx(5.8, abs=0.1)
    quiet = np.concatenate((np.zeros(5 * RATE), room(5.0, 0.0005)))  # a microphone that was switched on
    assert not decide(quiet).any()


def test_the_margin_is_what_speech_must_stand_out_by():
    sound = spoken_in(room(8.0, 0.003), (5.0, phrase(level=0.01)))
    assert decide(sound, 6.0).sum() > decide(sound, 12.0).sum() > decide(sound, 40.0).sum() == 0


def test_chunks_change_nothing():
    sound = spoken_in(room(6.0), (0.5, phrase()), (3.0, phrase(level=0.02))).astype(np.float64)
    expected = decide(sound)
    for longest in (1, 3, 12, 500):
        voice = EnergyVoice(RATE, MARGIN)
        frames = random_chunks(sound.reshape(-1, HOP), longest, seed=longest)
        assert np.array_equal(np.concatenate([voice.is_speech(part.reshape(-1)) for part in frames]), expected)
    voice.reset()
    assert np.array_equal(voice.is_speech(sound), expected)


def test_the_future_changes_nothing():
    sound = spoken_in(room(6.0), (3.0, phrase())).astype(np.float64)
    other = np.concatenate((sound[: 4 * RATE], np.ones(RATE)))
    assert np.array_equal(decide(other)[:400], decide(sound)[:400])


@pytest.mark.parametrize("rate", [4000, 8000, 11025, 22050, 48000])
def test_any_rate_will_do(rate):
    sound = spoken_in(room(7.0, rate=rate), (5.0, phrase(rate=rate)), rate=rate)
    begin, end = seconds(decide(sound, rate=rate)[400:])
    assert begin + 4 == pytest.approx(5.0, abs=0.05)
    assert end + 4 == pytest.approx(5.8, abs=0.2)


def test_faint_noise_is_no_speech_where_some_bands_were_empty_before():
    """What noise suppression leaves, or a recording without treble: nothing above 2 kHz, then a quiet room again."""
    rng = np.random.default_rng(3)
    muffled = np.convolve(rng.standard_normal(2 * RATE), np.hanning(24) / 12, "same")
    sound = np.concatenate((rng.standard_normal(4 * RATE), muffled, rng.standard_normal(4 * RATE))) * 1e-4
    decisions = decide(sound)
    assert not decisions[400:].any()
    assert decide(sound * 30)[620:].any()  # louder, the difference would be heard
