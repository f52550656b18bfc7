"""Transforms by FFT: a smooth equaliser and a simple room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOWEST_HZ = 60.0
"""The equaliser's first knot."""
CUT_DB_PER_OCTAVE = 18.0


@dataclass(frozen=True)
class Equalizer:
    """A frequency response: a curve through knots, and the edges of the band that passes."""

    gains_db: tuple[float, ...]
    """At knots evenly spaced on a logarithmic axis from 60 Hz to half the sample rate; straight lines between them."""
    low_hz: float = 0.0
    """Below this the response falls by 18 dB an octave; 0 is no edge."""
    high_hz: float = float("inf")
    """The same above this."""


def equalize(samples: NDArray[np.float32], equalizer: Equalizer, sample_rate: int) -> NDArray[np.float32]:
    """`samples` with the response applied, at zero phase and of equal length."""
    size = fast_length(len(samples))
    log_hz = np.log2(np.maximum(np.fft.rfftfreq(size, 1.0 / sample_rate), 1.0))
    knots = np.linspace(np.log2(LOWEST_HZ), np.log2(sample_rate / 2), len(equalizer.gains_db))
    response = np.interp(log_hz, knots, equalizer.gains_db)
    if equalizer.low_hz > 0:
        response -= CUT_DB_PER_OCTAVE * np.maximum(np.log2(equalizer.low_hz) - log_hz, 0.0)
    if equalizer.high_hz < sample_rate / 2:
        response -= CUT_DB_PER_OCTAVE * np.maximum(log_hz - np.log2(equalizer.high_hz), 0.0)
    spectrum = np.fft.rfft(samples, size) * (10.0 ** (response / 20.0)).astype(np.float32)
    return np.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32)


def room_response(t60: float, predelay: float, wet_db: float, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A room's impulse response: the direct sound, and after `predelay` seconds a noise tail that decays by 60 dB in `t60`.

    The tail's energy is `wet_db` relative to the direct sound's (Moorer's model of a diffuse room, 1979).
    """
    delay, length = max(1, round(predelay * sample_rate)), max(1, round(t60 * sample_rate))
    tail = rng.standard_normal(length, dtype=np.float32)
    tail *= np.exp(np.arange(length, dtype=np.float32) * np.float32(-np.log(1000.0) / length))
    tail *= np.float32(10.0 ** (wet_db / 20.0) / np.sqrt(np.sum(np.square(tail, dtype=np.float64)) + 1e-30))
    return np.concatenate((np.ones(1, np.float32), np.zeros(delay - 1, np.float32), tail))


def reverberate(samples: NDArray[np.float32], response: NDArray[np.float32]) -> NDArray[np.float32]:
    """`samples` in the room of `response`, cut to their own length."""
    size = fast_length(len(samples) + len(response) - 1)
    spectrum = np.fft.rfft(samples, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32)


def fast_length(length: int) -> int:
    """The smallest number from `length` up that has no prime factor above 5: numpy's FFT is fast for those."""
    best = 1 << max(length - 1, 0).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            two = three << max(-(-length // three) - 1, 0).bit_length()
            best = min(best, two)
            three *= 3
        five *= 5
    return best
