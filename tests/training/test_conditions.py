"""What a recording sounds like under each condition is what the documents say."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.data.level import active_frames, active_rms, rms
from edge_asr.training.conditions import CLEAN, CONDITIONS, FAR_WET_DB, SPEECH_CONDITIONS, Condition, render, to_int16
from edge_asr.training.conditions import PAD_SECONDS as PAD

RATE = 16000
NOISES = (0.05 * np.random.default_rng(5).standard_normal(5 * RATE).astype(np.float32),)


def word(seconds: float = 1.0, level: float = 0.2) -> np.ndarray:
    """A burst of noise in the middle third of silence."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    third = len(samples) // 3
    samples[third : 2 * third] = level * np.random.default_rng(1).standard_normal(third)
    return samples


def rendered(condition: Condition, samples: np.ndarray | None = None, seed: int = 0) -> np.ndarray:
    sound = render(word() if samples is None else samples, condition, NOISES, RATE, np.random.default_rng(seed))
    assert sound.dtype == np.int16
    return sound / 32768.0


def test_there_are_six() -> None:
    assert [c.name for c in CONDITIONS] == ["clean", "noise 20 dB", "noise 10 dB", "noise 5 dB", "far", "quiet"]
    assert CONDITIONS[0] is CLEAN
    speech = ["clean", "noise 20 dB", "noise 10 dB", "noise 5 dB", "telephone", "far"]
    assert [c.name for c in SPEECH_CONDITIONS] == speech


def test_a_telephone_carries_the_noise_of_its_place_too() -> None:
    silence = np.zeros(RATE, np.float32)
    silence[8000:8100] = 0.5
    sound = rendered(Condition("booth", snr_db=0.0, telephone=True), silence)
    power = np.square(np.abs(np.fft.rfft(sound)))
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    assert power[(hertz > 500) & (hertz < 3000)].mean() > 1000 * power[hertz > 4500].mean()  # the noise is white before it


def test_clean_is_as_it_is_with_a_second_of_silence_around() -> None:
    sound = rendered(CLEAN)
    pad = round(PAD * RATE)
    assert len(sound) == RATE + 2 * pad
    assert not sound[:pad].any()
    assert not sound[-pad:].any()
    assert np.abs(sound[pad:-pad] - word()).max() <= 0.5 / 32768 + 1e-7  # half a step of 16 bits, float32's rounding


@pytest.mark.parametrize("snr", [20.0, 10.0, 5.0])
def test_noise_lies_below_the_speech(snr: float) -> None:
    samples = word(level=0.05)  # quiet enough that nothing is turned down
    noise = rendered(Condition("n", snr_db=snr), samples) - rendered(CLEAN, samples)
    speech = active_rms(samples, RATE)
    # The rms of 3 s of noise scatters by 0.02 dB, rounding to 16 bits adds 1e-5 to an rms of 0.005.
    assert 20 * np.log10(speech / rms(noise.astype(np.float32))) == pytest.approx(snr, abs=0.1)
    assert rms(noise[: RATE // 2].astype(np.float32)) == pytest.approx(rms(noise.astype(np.float32)), rel=0.05)  # before it too


def test_quiet_is_thirty_decibels_down() -> None:
    quiet, clean = rendered(Condition("quiet", gain_db=-30.0)), rendered(CLEAN)
    assert 20 * np.log10(rms(clean.astype(np.float32)) / rms(quiet.astype(np.float32))) == pytest.approx(30.0, abs=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_far_is_a_room_that_is_louder_than_the_voice(seed: int) -> None:
    click = np.zeros(RATE, np.float32)
    click[100] = 0.5
    heard = render(click, Condition("far", far=True), (), RATE, np.random.default_rng(seed)) / 32768.0
    at = round(PAD * RATE) + 100
    direct, tail = heard[at] ** 2, np.square(heard[at + 1 :]).sum()
    assert FAR_WET_DB[0] - 0.1 <= 10 * np.log10(tail / direct) <= FAR_WET_DB[1] + 0.1  # rounding to 16 bits
    decay = 10 * np.log10(np.cumsum(np.square(heard[at + 1 :])[::-1])[::-1] / tail + 1e-30)
    # The tail is cut after T60; to -20 dB it decays as without the cut: a third of T60 (Schroeder's integral).
    assert 0.5 * 0.85 <= 3 * np.argmax(decay < -20) / RATE <= 0.8 * 1.15
    speech = rendered(Condition("far", far=True), word(level=0.05), seed).astype(np.float32)
    assert active_rms(speech, RATE) == pytest.approx(active_rms(word(level=0.05), RATE), rel=0.001)  # rounding to 16 bits
    assert active_frames(speech, RATE)[1].sum() > active_frames(word(), RATE)[1].sum()


def test_nothing_is_clipped() -> None:
    loud = render(word(level=0.9).clip(-1, 1), Condition("n", snr_db=0.0), NOISES, RATE, np.random.default_rng(0))
    assert (np.abs(loud.astype(int)) >= 32767).sum() <= 2


def test_sixteen_bits_of_a_microphone() -> None:
    samples = np.array([0.0, 1.0, -1.0, 0.5 / 32768, 1.5 / 32768, -0.25], np.float32)
    assert to_int16(samples).tolist() == [0, 32767, -32768, 0, 2, -8192]
