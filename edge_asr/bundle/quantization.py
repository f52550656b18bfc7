"""The one way from float to int8 and back, for training, evaluation and device alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import TensorSpec


def quantize(values: NDArray[np.float32], spec: TensorSpec) -> NDArray[np.int8]:
    """Float values to int8: round half to even, saturate at -128 and 127 (Jacob et al., arXiv 1712.05877).

    `values`: any shape, float32, finite. Returns int8 of the same shape.
    """
    scaled = values * np.float32(1.0 / spec.scale)
    np.rint(scaled, out=scaled)
    scaled += np.float32(spec.zero_point)
    # Not np.clip, which takes as long as all the rest for the few values of a step.
    np.maximum(scaled, np.float32(-128), out=scaled)
    np.minimum(scaled, np.float32(127), out=scaled)
    return scaled.astype(np.int8)


def dequantize(stored: NDArray[np.int8], spec: TensorSpec) -> NDArray[np.float32]:
    """int8 to float32: scale * (stored - zero_point), the same shape."""
    return (stored.astype(np.float32) - np.float32(spec.zero_point)) * np.float32(spec.scale)
