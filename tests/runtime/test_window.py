"""A clip becomes a window in one way."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.errors import AudioError
from edge_asr.runtime.window import fit_window


@pytest.mark.parametrize(
    ("clip", "expected"),
    [
        ([], [0, 0, 0, 0]),
        ([5], [0, 5, 0, 0]),  # the odd zero behind
        ([5, 6], [0, 5, 6, 0]),
        ([5, 6, 7, 8], [5, 6, 7, 8]),
        ([9, 1, 1, 1, 1], [9, 1, 1, 1]),
        ([1, 1, 1, 1, -9], [1, 1, 1, -9]),
        ([0, 0, 3, -4, 5, -6, 0, 0], [3, -4, 5, -6]),
        ([2, 2, 2, 2, 2, 2], [2, 2, 2, 2]),
        ([0, 0, 0, 0, 0, 3], [0, 0, 0, 3]),
        ([9, 0, 0, 0, 4, 4, 4], [9, 0, 0, 0]),  # energy, not amplitude
        ([0, 3, 0, 0, 0, 0, 0], [0, 3, 0, 0]),  # the first of equals
        ([-32768, 32767, 32767, 32767, 32767], [-32768, 32767, 32767, 32767]),  # squares beyond int16
    ],
)
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_fit(clip, expected, dtype):
    scale = 1 if dtype == np.int16 else np.float32(1 / 32768)
    fitted = fit_window(np.array(clip, np.int16).astype(dtype) * dtype(scale), 4)
    assert fitted.dtype == dtype
    assert np.array_equal(fitted, np.array(expected).astype(dtype) * dtype(scale))


@pytest.mark.parametrize("bad", [np.zeros((2, 9), np.float32), np.zeros(9, np.int32), np.full(9, np.nan, np.float32)])
def test_bad_clips_are_refused(bad):
    with pytest.raises(AudioError):
        fit_window(bad, 4)
