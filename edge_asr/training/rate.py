"""Events an hour, with an interval that says how far a few events can be trusted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

TAIL = 0.025
"""Probability on each side of a two-sided 95 % interval."""


@dataclass(frozen=True)
class Rate:
    """`events` in `hours` of audio."""

    events: int
    hours: float
    """More than 0."""

    @property
    def value(self) -> float:
        """Events an hour."""
        return self.events / self.hours

    @property
    def interval(self) -> tuple[float, float]:
        """Exact two-sided 95 % interval of a Poisson rate, in events an hour (Garwood, Biometrika 28, 1936)."""
        low, high = poisson_interval(self.events)
        return low / self.hours, high / self.hours

    def can_tell(self, rate: float) -> bool:
        """Whether `rate` an hour would show in these hours: at least one event is expected at it."""
        return rate * self.hours >= 1.0

    def __str__(self) -> str:
        """For example `0.42/h (0.11 to 1.07)`."""
        low, high = self.interval
        return f"{self.value:.2f}/h ({low:.2f} to {high:.2f})"


@lru_cache(maxsize=4096)
def poisson_interval(events: int) -> tuple[float, float]:
    """The means of a Poisson distribution between which 95 % of the confidence lies, when `events` were counted.

    At the lower end `events` or more have a probability of 2.5 %, at the upper end `events` or fewer. These are quantiles of
    the chi-squared distribution; solving for them by bisection on the sum of the Poisson terms needs no library and is exact
    to the last bits of a float64.
    """
    widest = events + 10.0 * math.sqrt(events + 1.0) + 10.0  # far outside: ten standard deviations
    low = where_falls(lambda mean: poisson_cdf(events - 1, mean) - (1 - TAIL), widest) if events else 0.0
    return low, where_falls(lambda mean: poisson_cdf(events, mean) - TAIL, widest)


def poisson_cdf(events: int, mean: float) -> float:
    """Probability of at most `events` (0 or more) events of a Poisson distribution with `mean` above 0."""
    counts = np.arange(events + 1)
    log_factorials = np.concatenate(([0.0], np.cumsum(np.log(counts[1:]))))
    return float(np.exp(counts * math.log(mean) - mean - log_factorials).sum())


def where_falls(function: Callable[[float], float], high: float) -> float:
    """The root of a falling function between 0 and `high`, to the last bit."""
    low = 0.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
