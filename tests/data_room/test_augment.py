from dataclasses import fields, replace

import numpy as np
import pytest

from edge_asr.data.augment import Variation, apply, augment, draw, mix
from edge_asr.data.level import active_rms, rms
from edge_asr.data.spec import AugmentSpec
from edge_asr.runtime.window import fit_window
from tests.data_room.sounds import RATE, noise, word

OFF = AugmentSpec(
    shift_ms=0.0,
    gain_db=(0.0, 0.0),
    speed=(1.0, 1.0),
    filter_probability=0.0,
    reverb_probability=0.0,
    noise_probability=0.0,
)
ALL = AugmentSpec(
    pitch_semitones=(-2.0, 2.0), filter_probability=1.0, reverb_probability=1.0, noise_probability=1.0, gain_db=(-20.0, 20.0)
)
NOISES = (noise(3.0, 1), noise(0.2, 2))


def vary(spec: AugmentSpec, seed: int, samples: np.ndarray | None = None, **options: int) -> np.ndarray:
    samples = word("yes") if samples is None else samples
    return augment(samples, spec, NOISES, RATE, np.random.default_rng(seed), **options)


def test_everything_off_is_the_clip_itself():
    for seed in range(20):
        np.testing.assert_array_equal(vary(OFF, seed, length=RATE), fit_window(word("yes"), RATE))


@pytest.mark.parametrize(
    ("step", "spec"),
    [
        ("shift", replace(OFF, shift_ms=50.0)),
        ("gain_db", replace(OFF, gain_db=(-6.0, 3.0))),
        ("speed", replace(OFF, speed=(0.9, 1.1))),
        ("pitch_semitones", replace(OFF, pitch_semitones=(-1.0, 1.0))),
        ("equalizer", replace(OFF, filter_probability=1.0)),
        ("room", replace(OFF, reverb_probability=1.0)),
        ("noise", replace(OFF, noise_probability=1.0)),
    ],
)
def test_each_step_is_switched_by_itself(step: str, spec: AugmentSpec):
    drawn = draw(spec, NOISES, RATE, RATE, np.random.default_rng(0))
    changed = {f.name for f in fields(Variation) if f.name != "snr_db" and np.any(getattr(drawn, f.name) != f.default)}
    assert changed == {step}
    assert not np.array_equal(vary(spec, 0, length=RATE), fit_window(word("yes"), RATE))


def test_ranges_are_kept_and_used():
    drawn = [draw(ALL, NOISES, RATE, RATE, np.random.default_rng(seed)) for seed in range(300)]
    for name, low, high in (
        ("shift", -1600, 1600),
        ("gain_db", -20, 20),
        ("speed", 0.88, 1.14),
        ("pitch_semitones", -2, 2),
        ("snr_db", 0, 30),
    ):
        values = [getattr(variation, name) for variation in drawn]
        margin = 0.05 * (high - low)  # 300 draws miss a twentieth at an end with a chance of 2e-7
        assert low <= min(values) < low + margin, name
        assert high - margin < max(values) <= high, name


@pytest.mark.parametrize(("name", "field"), [("filter", "equalizer"), ("reverb", "room"), ("noise", "noise")])
def test_probabilities_are_shares(name: str, field: str):
    spec = replace(OFF, **{f"{name}_probability": 0.3})
    drawn = [draw(spec, NOISES, RATE, RATE, np.random.default_rng(seed)) for seed in range(500)]
    # 150 of 500, four standard deviations (10 each).
    assert 110 <= sum(getattr(variation, field) is not None for variation in drawn) <= 190


@pytest.mark.parametrize("snr", [-10.0, 0.0, 20.0])
def test_the_snr_is_that_of_the_speech_not_of_the_padding(snr: float):
    spec = replace(OFF, noise_probability=1.0, snr_db=(snr, snr))
    speech = word("yes") * np.float32(0.1)
    for length in (RATE, 3 * RATE):
        added = vary(spec, 3, speech, length=length) - fit_window(speech, length)
        # The word is 20 frames long; padding moves the frames, and then it lies in 21: 10 log10(21 / 20) = 0.212 dB.
        assert 20 * np.log10(active_rms(speech, RATE) / rms(added)) == pytest.approx(snr, abs=0.22)


def test_mixing_silence_changes_nothing():
    zeros = np.zeros(RATE, np.float32)
    np.testing.assert_array_equal(mix(noise(1.0, 0), zeros, 0.0, RATE), noise(1.0, 0))
    np.testing.assert_array_equal(mix(zeros, noise(1.0, 0), 0.0, RATE), zeros)


def test_without_noises_none_is_added():
    spec = replace(OFF, noise_probability=1.0)
    samples = fit_window(word("yes"), RATE)
    np.testing.assert_array_equal(augment(samples, spec, (), RATE, np.random.default_rng(0)), samples)


@pytest.mark.parametrize("length", [4000, RATE, 2 * RATE])
@pytest.mark.parametrize("seconds", [0.05, 0.4, 1.7])
def test_what_comes_out_is_finite_of_its_length_and_not_clipped(length: int, seconds: float):
    for seed in range(5):
        samples = vary(ALL, seed, word("yes", seconds=seconds), length=length)
        assert samples.dtype == np.float32
        assert samples.shape == (length,)
        assert np.isfinite(samples).all()
        assert np.abs(samples).max() <= 1.0
        assert samples.any()


def test_equal_seeds_give_equal_copies_and_the_clip_stays_as_it_is():
    samples = word("yes")
    samples.setflags(write=False)
    np.testing.assert_array_equal(vary(ALL, 5, samples), vary(ALL, 5, samples))
    assert not np.array_equal(vary(ALL, 5, samples), vary(ALL, 6, samples))


def test_too_loud_is_turned_down_as_a_whole():
    loud = apply(word("yes"), Variation(gain_db=30.0), RATE, RATE)
    quiet = fit_window(word("yes"), RATE)
    np.testing.assert_allclose(loud, quiet / np.abs(quiet).max(), atol=1e-6)  # float32 rounding
