"""What decoders take: frames of log probabilities, checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import ConfigError


def checked_frames(log_probs: NDArray[np.float32], tokens: int) -> NDArray[np.float64]:
    """`log_probs` as float64 (t, tokens). Probabilities of 0 (-inf) may be among them.

    Raises `ConfigError` for another shape, NaN, positive infinity, and a frame in which all probabilities are 0.
    """
    frames = np.asarray(log_probs, np.float64)
    if frames.ndim != 2 or frames.shape[1] != tokens:
        raise ConfigError(f"expected log probabilities of shape (frames, {tokens}), found {frames.shape}")
    if frames.size and not np.isfinite(frames.max(axis=1)).all():
        raise ConfigError("expected log probabilities of which one a frame is finite and none is NaN, found others")
    return frames
