"""Logits as a model stores them to log probabilities, the same on every machine and however many rows come at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import TensorSpec

ONE = 1 << 52
"""Odds are counted in whole units of 1 / ONE: their sum is exact in any order, and below 2^63 for 2047 of them."""


class LogSoftmax:
    """Two int8 differ by at most 255 steps, so the odds of a token against the best one come from a table."""

    def __init__(self, spec: TensorSpec) -> None:
        """`spec`: of the logits."""
        self._log_odds = -spec.scale * np.arange(256)
        self._odds = np.array([round(math.exp(odds) * ONE) for odds in self._log_odds.tolist()], np.int64)

    def __call__(self, stored: NDArray[np.int8]) -> NDArray[np.float32]:
        """Natural logarithms of probabilities, float32 (rows, tokens), of logits, int8 (rows, tokens); counted in float64."""
        wide = stored.astype(np.intp)
        below = np.max(wide, axis=1, keepdims=True) - wide
        # Not np.log, whose last bit depends on the processor and on how many numbers it is given.
        totals = [math.log(total / ONE) for total in self._odds[below].sum(axis=1).tolist()]
        log_probs: NDArray[np.float64] = self._log_odds[below] - np.array(totals)[:, None]
        return log_probs.astype(np.float32)
