"""The one way from float to int8 and back, for training, evaluation and device alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import TensorSpec


def quantize(values: NDArray[np.float32], spec: TensorSpec) -> NDArray[np.int8]:
    """Float values to int8: round half to even, saturate at -128 and 127 (Jacob et al., arXiv 1712.05877).

    `values`: any shape, float32, finite. Returns int8 of the same shape.
    """
    scaled = np.rint(values * np.float32(1.0 / spec.scale)) + np.float32(spec.zero_point)
    stored: NDArray[np.int8] = np.clip(scaled, -128, 127).astype(np.int8)
    return stored


def dequantize(stored: NDArray[np.int8], spec: TensorSpec) -> NDArray[np.float32]:
    """int8 to float32: scale * (stored - zero_point), the same shape."""
    return (stored.astype(np.float32) - np.float32(spec.zero_point)) * np.float32(spec.scale)
