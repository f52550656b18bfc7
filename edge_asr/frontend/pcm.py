"""Samples as they come from files, microphones and arrays, checked and made float."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import AudioError

LOUDEST = 8.0
"""Float samples above this can't be audio in [-1, 1): most likely int16 values in a float array."""


def check_samples(samples: NDArray[Any]) -> None:
    """Raise `AudioError` unless `samples` are mono int16, or finite float32 or float64 in about [-1, 1).

    Float audio may overshoot 1 a little (resamplers do); above 8 it is refused.
    """
    if not isinstance(samples, np.ndarray) or samples.ndim != 1:
        shape = getattr(samples, "shape", type(samples).__name__)
        raise AudioError(f"expected mono samples as an array of shape (n,), found {shape}; mix the channels first")
    if samples.dtype == np.int16:
        return
    if samples.dtype not in (np.float32, np.float64):
        raise AudioError(f"expected samples of dtype int16, float32 or float64, found {samples.dtype}")
    # NaN can't slip through: every comparison with it is false.
    if samples.size and not (samples.min() >= -LOUDEST and samples.max() <= LOUDEST):
        if not np.isfinite(samples).all():
            raise AudioError("expected finite samples, found NaN or infinity; the audio file or its decoder is damaged")
        peak = float(np.abs(samples).max())
        raise AudioError(f"expected float samples in [-1, 1), found {peak:g}; divide by 32768 or pass int16")


def as_float(samples: NDArray[Any]) -> NDArray[np.float64]:
    """Mono samples as float64 in [-1, 1): int16 is divided by 32768 (exact), float32 and float64 mean themselves.

    Raises `AudioError` as `check_samples` does.
    """
    check_samples(samples)
    return samples * (1.0 / 32768.0) if samples.dtype == np.int16 else samples.astype(np.float64)
