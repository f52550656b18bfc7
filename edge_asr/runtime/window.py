"""A clip of any length to a model's window: one way, for training, evaluation and the device."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.frontend.pcm import check_samples


def fit_window(samples: NDArray[Any], length: int) -> NDArray[Any]:
    """`length` samples of a clip, of the clip's dtype.

    A shorter clip gets zeros on both sides (the odd one behind); of a longer one the window with the most energy is
    taken, the first of equals. `samples`: (n,) int16, float32 or float64. Raises `AudioError` for anything else.
    """
    check_samples(samples)
    missing = length - len(samples)
    if missing >= 0:
        return np.pad(samples, (missing // 2, missing - missing // 2))
    energy = np.concatenate(([0.0], np.cumsum(np.square(samples, dtype=np.float64))))
    start = int(np.argmax(energy[length:] - energy[:-length]))
    return samples[start : start + length]
