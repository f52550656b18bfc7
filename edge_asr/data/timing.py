"""Transforms in time: shift, speed, pitch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_asr.frontend.resample import resample

RATE = 48000
"""Any rate does: only the ratio of two counts. This one resolves a factor to 1 in 48,000."""
FFT, HOP = 512, 128
"""Frame and hop of the phase vocoder, samples."""


def shift(samples: NDArray[np.float32], offset: int) -> NDArray[np.float32]:
    """`samples` moved by `offset` samples (later when positive), with zeros moving in; the length stays."""
    offset = max(-len(samples), min(len(samples), offset))
    result = np.zeros_like(samples)
    if offset >= 0:
        result[offset:] = samples[: len(samples) - offset]
    else:
        result[:offset] = samples[-offset:]
    return result


def change_speed(samples: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Faster by `factor`, tempo and pitch together, by resampling: about n / factor samples."""
    return resample(samples, round(RATE * factor), RATE)


def change_pitch(samples: NDArray[np.float32], semitones: float) -> NDArray[np.float32]:
    """Higher by `semitones` at the same tempo: stretched in time, then played faster. About n samples."""
    factor = 2.0 ** (semitones / 12.0)
    return change_speed(stretch(samples, factor), factor)


def stretch(samples: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Longer by `factor` at the same pitch, with a phase vocoder (Flanagan and Golden, 1966): round(n * factor) samples."""
    window = np.hanning(FFT + 1)[:-1]
    padded = np.pad(samples, (FFT, 2 * FFT))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP] * window
    spectra = np.fft.rfft(frames)
    places = np.arange(0, len(spectra) - 2, 1.0 / factor)
    before = places.astype(int)
    part = (places - before)[:, np.newaxis]
    magnitude = (1 - part) * np.abs(spectra[before]) + part * np.abs(spectra[before + 1])
    advance = np.angle(spectra[before + 1] * np.conj(spectra[before]))
    expected = 2 * np.pi * HOP * np.arange(FFT // 2 + 1) / FFT
    advance = expected + (advance - expected + np.pi) % (2 * np.pi) - np.pi
    phase = np.angle(spectra[0]) + np.cumsum(advance, axis=0) - advance[0]
    voiced = np.fft.irfft(magnitude * np.exp(1j * phase), FFT) * window
    result = _overlap_add(voiced)
    # Four windows overlap, each applied twice: the squares of a Hann window add up to 1.5.
    start = round(FFT * factor)
    return (result[start : start + round(len(samples) * factor)] / 1.5).astype(np.float32)


def _overlap_add(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of frames that start `HOP` apart."""
    overlap = FFT // HOP
    blocks = frames.reshape(len(frames), overlap, HOP)
    result = np.zeros((len(frames) + overlap - 1, HOP))
    for k in range(overlap):
        result[k : k + len(frames)] += blocks[:, k]
    return result.reshape(-1)
