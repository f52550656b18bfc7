from __future__ import annotations

import numpy as np
import pytest

from edge_asr.runtime.speech_level import BAND_EDGES, BLOCK_FRAMES, FAINTEST, above_noise, band_powers, dbfs, noise_powers
from tests.runtime.spoken import RATE, room


def tone(frequency: float, rate: int = RATE, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate).astype(np.float32)


@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize("band", range(6))
def test_a_tone_has_its_power_in_its_band(rate, band):
    powers = band_powers(tone(np.sqrt(BAND_EDGES[band] * BAND_EDGES[band + 1]), rate), rate)
    assert powers.shape == (49, 6)
    # A window of 20 ms spreads a tone over 200 Hz: the lowest bands, 125 and 250 Hz wide, hold most of it.
    np.testing.assert_allclose(powers[:, band], 0.5, rtol=0.25 if band < 2 else 0.02)


def test_bands_end_at_half_the_rate():
    assert band_powers(tone(3500, 8000), 8000).shape == (49, 5)
    np.testing.assert_allclose(band_powers(tone(3500, 8000), 8000)[:, -1], 0.5, rtol=0.02)


def test_the_length_of_a_recording_does_not_matter():
    samples = room((BLOCK_FRAMES + 100) / 100)
    whole = band_powers(samples, RATE)
    assert len(whole) == BLOCK_FRAMES + 99
    np.testing.assert_array_equal(whole[4000:], band_powers(samples[4000 * 160 :], RATE))


def test_less_than_a_frame_is_nothing():
    assert band_powers(np.zeros(319, np.float32), RATE).shape == (0, 6)
    assert above_noise(np.zeros((0, 6)), np.ones(6)).shape == (0,)


def test_digital_silence_is_not_the_rooms_noise():
    powers = band_powers(room(2.0, 0.01), RATE)
    padded = np.concatenate([np.zeros((100, 6)), powers])
    np.testing.assert_array_equal(noise_powers(padded)[0], noise_powers(powers)[0])
    np.testing.assert_array_equal(noise_powers(np.zeros((9, 6))), np.full((9, 6), FAINTEST))


def test_the_noise_of_a_long_recording_changes():
    loud, soft = band_powers(room(20.0, 0.1), RATE), band_powers(room(20.0, 0.001), RATE)
    noise = noise_powers(np.concatenate([loud, soft]))
    assert 10 * np.log10(noise[0].sum() / noise[-1].sum()) == pytest.approx(40.0, abs=0.5)


def test_decibels_above_the_noise():
    powers = band_powers(room(3.0, 0.01), RATE)
    noise = powers.mean(axis=0)
    assert np.abs(above_noise(powers, noise)).max() < 4.0
    assert above_noise(100 * powers, noise).mean() - above_noise(powers, noise).mean() == pytest.approx(20.0)


def test_dbfs():
    assert [dbfs(1.0), dbfs(0.01), dbfs(0.0)] == pytest.approx([0.0, -20.0, -120.0])
