"""How loud something is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRAME_SECONDS = 0.02
ACTIVE_RANGE_DB = 25.0


def decibels(value: float) -> float:
    """A gain in dB as a factor for samples."""
    return float(10.0 ** (value / 20.0))


def rms(samples: NDArray[np.float32]) -> float:
    """Root mean square; 0 for no samples."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0


def active_frames(samples: NDArray[np.float32], sample_rate: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Power of each 20 ms frame, and whether it is within 25 dB of the loudest: the speech, not the pauses around it."""
    size = max(1, round(FRAME_SECONDS * sample_rate))
    framed = np.zeros(-(-len(samples) // size) * size, np.float64)
    framed[: len(samples)] = samples
    power = np.square(framed).reshape(-1, size).mean(axis=1)
    return power, power > (power.max() if len(power) else 0.0) * decibels(-ACTIVE_RANGE_DB) ** 2


def active_rms(samples: NDArray[np.float32], sample_rate: int) -> float:
    """Root mean square of the active frames: the level that a signal-to-noise ratio is relative to. 0 for silence."""
    power, active = active_frames(samples, sample_rate)
    return float(np.sqrt(power[active].mean())) if active.any() else 0.0


def limit(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn the whole down until its peak is 1, where it is above: louder never means clipped."""
    peak = float(np.abs(samples).max()) if len(samples) else 0.0
    return samples / np.float32(peak) if peak > 1.0 else samples
