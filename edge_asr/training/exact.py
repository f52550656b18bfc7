"""Shares with the exact interval of the binomial distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge_asr.training.metrics import Proportion
from edge_asr.training.rate import TAIL, where_falls


@dataclass(frozen=True)
class ExactProportion(Proportion):
    """`hits` of `total`, for shares close to 0 or 1, where approximations are worst."""

    @property
    def interval(self) -> tuple[float, float] | None:
        """Exact two-sided 95 % interval (Clopper and Pearson, Biometrika 26, 1934); None without a total.

        It takes the trials as independent; utterances of one speaker are less so, and the true interval is then wider.
        """
        if not self.total:
            return None
        hits, total = self.hits, self.total
        low = where_falls(lambda share: binomial_cdf(hits - 1, total, share) - (1 - TAIL), 1.0) if hits else 0.0
        high = where_falls(lambda share: binomial_cdf(hits, total, share) - TAIL, 1.0) if hits < total else 1.0
        return low, high


def binomial_cdf(hits: int, total: int, share: float) -> float:
    """Probability of at most `hits` (from 0 to `total`) successes in `total` trials; `share` above 0 and below 1."""
    counts = np.arange(hits + 1)
    log_factorials = np.array([math.lgamma(n + 1) for n in range(total + 1)])
    choices = log_factorials[total] - log_factorials[counts] - log_factorials[total - counts]
    return float(np.exp(choices + counts * math.log(share) + (total - counts) * math.log1p(-share)).sum())
