"""How much a path loses against the best one, where it loses most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STRETCH = 1.0
"""Seconds that are judged together: a word or two, so that a word that was not said shows, whatever else was."""


def worst_loss(times: NDArray[np.float64], losses: NDArray[np.float64]) -> float:
    """The greatest loss per second between two of `times` that are about `STRETCH` apart.

    `times` (n,) rise, in seconds; `losses` (n,), which rise too, are what was lost until then. From each time on, two
    stretches are judged: to the last time within `STRETCH` (as if it were `STRETCH` long), and to the first one after that.
    """
    last = np.searchsorted(times, times + STRETCH, side="right") - 1
    ends = np.array([last, np.minimum(last + 1, len(times) - 1)])
    return float(((losses[ends] - losses) / np.maximum(times[ends] - times, STRETCH)).max())
