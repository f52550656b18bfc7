"""How far sound stands out of the noise of its room, frame by frame."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.frontend.pcm import as_float

HOP_SECONDS = 0.01
"""From one frame to the next; a frame lasts two of them."""
BAND_EDGES = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 7500.0)
"""Hz. Octaves; mains hum and rumble lie below. Where half the sample rate is lower, the bands end there."""
FAINTEST = 1e-10
"""Power of a band, -100 dBFS: what is below is digital silence and says nothing about the room."""
NOISE_PERCENTILE = 15.0
"""Where the noise lies among the powers of all frames: there are pauses around every word, and within."""
NOISE_SECONDS = 10.0
"""The noise is taken anew so often: over a longer recording it changes."""
AVERAGED = 5
"""Frames: single frames of noise scatter by some 3 dB, the mean of these by 1."""
BLOCK_FRAMES = 4096
"""Frames transformed at once, so that a long recording needs little more memory than a short one."""


def band_edges(sample_rate: int) -> tuple[float, ...]:
    """`BAND_EDGES` as far as they go at that rate, Hz: one more than there are bands."""
    below = tuple(edge for edge in BAND_EDGES if edge < sample_rate / 2)
    # A last band up to half the rate has the bin there, too.
    return below if len(below) == len(BAND_EDGES) else (*below, math.nextafter(sample_rate / 2, math.inf))


def band_powers(samples: NDArray[Any], sample_rate: int) -> NDArray[np.float64]:
    """Mean square in each band of each whole frame: (frames, bands), frame i from i * HOP_SECONDS on.

    `samples`: (n,) int16 or float in [-1, 1). Raises `AudioError` as `frontend.pcm.check_samples` does.
    """
    values = as_float(samples)
    hop = round(HOP_SECONDS * sample_rate)
    window = np.hanning(2 * hop + 1)[:-1]
    bins = np.fft.rfftfreq(2 * hop, 1.0 / sample_rate)
    edges = np.searchsorted(bins, band_edges(sample_rate))
    powers = np.empty((max(0, len(values) // hop - 1), len(edges) - 1))
    for begin in range(0, len(powers), BLOCK_FRAMES):
        end = min(len(powers), begin + BLOCK_FRAMES)
        frames = np.lib.stride_tricks.sliding_window_view(values[begin * hop : (end + 1) * hop], 2 * hop)[::hop]
        sums = np.cumsum(np.abs(np.fft.rfft(frames * window)) ** 2, axis=1)
        powers[begin:end] = sums[:, edges[1:] - 1] - sums[:, edges[:-1] - 1]
    powers /= hop * np.square(window).sum()
    return powers


def noise_powers(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    """The room's noise in `powers`, which may hold speech as well: (frames, bands), at least `FAINTEST`.

    One estimate for each `NOISE_SECONDS`, the change between them gradual.
    """
    count = max(1, round(len(powers) * HOP_SECONDS / NOISE_SECONDS))
    parts = np.array_split(powers, count)
    centres = (np.arange(count) + 0.5) * len(powers) / count
    estimates = np.array([_noise(part) for part in parts])
    return np.stack([np.interp(np.arange(len(powers)), centres, band) for band in estimates.T], axis=1)


def _noise(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    sounding = powers[powers.sum(axis=1) > FAINTEST]
    if not len(sounding):
        return np.full(powers.shape[1], FAINTEST)
    return np.asarray(np.maximum(np.percentile(sounding, NOISE_PERCENTILE, axis=0), FAINTEST))


def above_noise(powers: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """(frames,) dB by which sound stands out of `noise`, (frames, bands) or (bands,), once all bands have equal noise.

    So hiss or hum hides a word in its own bands only. Averaged over `AVERAGED` frames around each.
    """
    if not len(powers):
        return np.zeros(0)
    ratio = np.pad((powers / noise).mean(axis=1), AVERAGED // 2, mode="edge")
    return np.asarray(10.0 * np.log10(np.convolve(ratio, np.full(AVERAGED, 1 / AVERAGED), "valid") + 1e-12))


def dbfs(power: float) -> float:
    """A mean square in dB (0 is the level of a full-scale square wave), at least -120."""
    return float(10.0 * np.log10(max(power, 1e-12)))
