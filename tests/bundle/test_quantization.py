"""Float to int8 and back: half to even, saturated."""

from __future__ import annotations

import numpy as np

from edge_asr.bundle.manifest import TensorSpec
from edge_asr.bundle.quantization import dequantize, quantize

SPEC = TensorSpec((1, 4), scale=0.5, zero_point=-3)


def test_rounds_half_to_even_and_saturates():
    values = np.array([0.0, 0.25, 0.75, -0.25, -0.75, 65.0, 65.2, 1e6, -62.5, -63.0, -1e6], np.float32)
    before = values.copy()
    stored = quantize(values, SPEC)
    assert stored.dtype == np.int8
    assert stored.tolist() == [-3, -3, -1, -3, -5, 127, 127, 127, -128, -128, -128]
    assert np.array_equal(values, before)


def test_what_is_stored_comes_back():
    stored = np.arange(-128, 128, dtype=np.int8).reshape(2, 128)
    values = dequantize(stored, SPEC)
    assert values.dtype == np.float32
    assert (values.min(), values.max()) == (-62.5, 65.0)
    assert np.array_equal(quantize(values, SPEC), stored)
