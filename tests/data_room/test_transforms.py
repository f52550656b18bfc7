import numpy as np
import pytest

from edge_asr.data.level import active_rms, limit, rms
from edge_asr.data.spectral import Equalizer, equalize, fast_length, reverberate, room_response
from edge_asr.data.splice import splice
from edge_asr.data.timing import change_pitch, change_speed, shift, stretch
from tests.data_room.sounds import RATE, noise, word


def tone(hz: float, seconds: float = 1.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def loudest_hz(samples: np.ndarray) -> float:
    windowed = samples * np.hanning(len(samples))
    return float(np.argmax(np.abs(np.fft.rfft(windowed, 4 * RATE))) / 4)


@pytest.mark.parametrize("offset", [0, 1, 250, 999, 1000, 5000])
def test_shift_moves_and_fills_with_zeros(offset: int):
    x = np.arange(1, 1001, dtype=np.float32)
    moved = min(offset, 1000)
    np.testing.assert_array_equal(shift(x, offset), np.concatenate((np.zeros(moved), x))[:1000])
    np.testing.assert_array_equal(shift(x, -offset), np.concatenate((x, np.zeros(moved)))[moved:][:1000])


@pytest.mark.parametrize("factor", [0.8, 1.0731, 1.2])
def test_speed_changes_length_and_pitch(factor: float):
    fast = change_speed(tone(500), factor)
    assert abs(len(fast) - RATE / factor) <= 2
    assert loudest_hz(fast) == pytest.approx(500 * factor, abs=1)  # the spectrum's bins are 0.25 Hz


@pytest.mark.parametrize("semitones", [-5.0, 3.0])
def test_pitch_changes_pitch_alone(semitones: float):
    high = change_pitch(tone(500), semitones)
    assert abs(len(high) - RATE) <= 3
    assert loudest_hz(high) == pytest.approx(500 * 2 ** (semitones / 12), rel=0.005)
    # Away from the ends the level stays within 1 dB.
    assert rms(high[2000:-2000]) == pytest.approx(rms(tone(500)), rel=0.12)


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.5])
def test_stretch_keeps_things_in_their_place(factor: float):
    x = np.zeros(RATE, np.float32)
    x[8000:9600] = tone(700, 0.1)
    y = stretch(x, factor)
    assert len(y) == round(RATE * factor)
    energy = np.cumsum(np.square(y))
    middle = np.searchsorted(energy, energy[-1] / 2)
    # A frame is displaced by 160 samples at most, and inside half a frame of 256 nothing is stretched.
    assert middle == pytest.approx(8800 * factor, abs=160 + 256 * abs(factor - 1))
    assert loudest_hz(y) == pytest.approx(700, rel=0.01)


def test_stretch_by_one_changes_nothing():
    x = word("yes")
    np.testing.assert_allclose(stretch(x, 1.0), x, atol=1e-5)  # float32 rounding of samples below 0.4


def test_equalizer_has_the_gains_of_its_knots():
    knots = np.geomspace(60, RATE / 2, 5)
    equalizer = Equalizer((0.0, 6.0, -12.0, 3.0, 0.0))
    for hz, gain in zip(knots[1:4], equalizer.gains_db[1:4], strict=True):
        y = equalize(tone(hz), equalizer, RATE)
        change = 20 * np.log10(rms(y[4000:-4000]) / rms(tone(hz)[4000:-4000]))
        assert change == pytest.approx(gain, abs=0.5)  # a tone that begins and ends has some width around the knot


def test_equalizer_cuts_outside_its_band():
    telephone = Equalizer((0.0,) * 8, low_hz=300, high_hz=3400)
    change = {hz: 20 * np.log10(rms(equalize(tone(hz), telephone, RATE)) / rms(tone(hz))) for hz in (75, 1000, 6800)}
    assert change[75] == pytest.approx(-36, abs=1)  # two octaves of 18 dB
    assert change[1000] == pytest.approx(0, abs=0.1)
    assert change[6800] == pytest.approx(-18, abs=0.5)


@pytest.mark.parametrize("length", [1, 2, 7, 999, 16000, 16001])
def test_a_flat_equalizer_changes_nothing(length: int):
    x = noise(1.2, 0)[:length]
    np.testing.assert_allclose(equalize(x, Equalizer((0.0,) * 8), RATE), x, atol=1e-6)  # float32 FFT rounding


@pytest.mark.parametrize("length", [1, 2, 7, 11, 1000, 16001, 20011])
def test_fast_length_is_the_next_product_of_2_3_and_5(length: int):
    def smooth(n: int) -> bool:
        for prime in (2, 3, 5):
            while n % prime == 0:
                n //= prime
        return n == 1

    assert fast_length(length) == next(n for n in range(length, 2 * length + 2) if smooth(n))


def test_a_room_decays_by_60_db_in_its_time():
    response = room_response(0.5, 0.01, -3.0, RATE, np.random.default_rng(0))
    assert response[0] == 1.0
    assert not response[1:160].any()
    tail = response[160:]
    assert 10 * np.log10(np.sum(np.square(tail, dtype=np.float64))) == pytest.approx(-3.0, abs=0.01)
    power = [np.mean(np.square(tail[k : k + 400])) for k in (0, 4000)]
    # A quarter of a second is half of T60; 400 samples of noise tell a level within 4.34 / sqrt(200) = 0.3 dB (one sigma).
    assert 10 * np.log10(power[0] / power[1]) == pytest.approx(30, abs=1.5)


def test_reverberation_is_convolution():
    rng = np.random.default_rng(1)
    x, response = rng.standard_normal(300).astype(np.float32), rng.standard_normal(70).astype(np.float32)
    np.testing.assert_allclose(reverberate(x, response), np.convolve(x, response)[:300], atol=1e-4)  # float32 FFT


def test_the_active_level_ignores_pauses():
    speech = tone(400, 0.5)
    padded = np.concatenate((np.zeros(8000, np.float32), speech, np.zeros(16000, np.float32)))
    assert active_rms(padded, RATE) == pytest.approx(rms(speech), rel=1e-3)
    assert active_rms(np.zeros(100, np.float32), RATE) == 0
    assert active_rms(np.zeros(0, np.float32), RATE) == 0


def test_limit_only_turns_down():
    x = tone(100)
    assert limit(x) is x
    np.testing.assert_allclose(limit(10 * x), x / np.abs(x).max(), atol=1e-6)  # float32 rounding
    assert len(limit(x[:0])) == 0


def test_a_spliced_word_begins_as_one_and_ends_as_the_other():
    first, second = word("yes"), word("seventeen", seconds=0.6)
    for seed in range(5):
        both = splice(first, second, RATE, np.random.default_rng(seed))
        np.testing.assert_array_equal(both[: RATE // 5], first[: RATE // 5])
        gain = active_rms(first, RATE) / active_rms(second, RATE)
        np.testing.assert_allclose(both[-RATE // 4 :], second[-RATE // 4 :] * gain, atol=1e-6)  # float32 rounding
        assert 0.35 * 0.4 + 0.35 * 0.6 < (len(both) / RATE - 0.225) + 0.04 < 0.65 * 0.4 + 0.65 * 0.6 + 0.06


def test_silence_can_be_spliced_too():
    both = splice(np.zeros(1000, np.float32), word("yes"), RATE, np.random.default_rng(0))
    assert np.isfinite(both).all()
