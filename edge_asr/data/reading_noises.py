"""What is heard between the words of somebody who reads aloud: breath, lips, paper."""

from __future__ import annotations

import numpy as np

from edge_asr.data.noise import Samples
from edge_asr.data.spectral import Equalizer, equalize

BREATH_SECONDS, PAPER_SECONDS, LIPS_SECONDS = (0.25, 0.7), (0.2, 0.9), (0.006, 0.02)
BREATH_BAND_HZ, PAPER_BAND_HZ, LIPS_BAND_HZ = (350.0, 3500.0), (1200.0, 7500.0), (1000.0, 5000.0)
CRACKLES_PER_SECOND = (60.0, 400.0)
"""Of paper: short bursts of very different strength."""
CRACKLE_SECONDS = 0.002


def breath(sample_rate: int, rng: np.random.Generator) -> Samples:
    """Somebody breathes in: noise that swells and stops sooner than it came; float32 (n,), RMS 1."""
    noise = _noise(BREATH_SECONDS, BREATH_BAND_HZ, sample_rate, rng)
    time = np.linspace(0, 1, len(noise))
    return _unit(noise * np.sin(np.pi * time**0.7) ** 2)


def paper(sample_rate: int, rng: np.random.Generator) -> Samples:
    """A sheet is moved: crackles whose strength scatters widely; float32 (n,), RMS 1."""
    noise = _noise(PAPER_SECONDS, PAPER_BAND_HZ, sample_rate, rng)
    crackles = rng.poisson(rng.uniform(*CRACKLES_PER_SECOND) / sample_rate, len(noise)) * rng.lognormal(0.0, 1.5, len(noise))
    decay = np.exp(-np.arange(round(8 * CRACKLE_SECONDS * sample_rate)) / (CRACKLE_SECONDS * sample_rate))
    return _unit(noise * np.convolve(crackles, decay)[: len(noise)])


def lips(sample_rate: int, rng: np.random.Generator) -> Samples:
    """The mouth opens: a click; float32 (n,), RMS 1."""
    noise = _noise(LIPS_SECONDS, LIPS_BAND_HZ, sample_rate, rng)
    return _unit(noise * np.exp(-np.linspace(0, 4, len(noise))))


def _noise(seconds: tuple[float, float], band: tuple[float, float], sample_rate: int, rng: np.random.Generator) -> Samples:
    white = rng.standard_normal(round(rng.uniform(*seconds) * sample_rate)).astype(np.float32)
    return equalize(white, Equalizer((0.0, 0.0), *band), sample_rate)


def _unit(samples: np.ndarray) -> Samples:
    return np.asarray(samples / np.sqrt(np.mean(np.square(samples)) + 1e-12), np.float32)
