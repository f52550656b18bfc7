"""How much a path loses against the best one, where it loses most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STRETCH = 2.0
"""Seconds that are judged together: a short sentence as a whole, of a long one a few words, so that a wrong one shows."""
LEAST = 1.0
"""Seconds: a single word counts as if it were so long."""


def worst_loss(times: NDArray[np.float64], losses: NDArray[np.float64], said: float) -> float:
    """The greatest loss between two of `times` that are about `STRETCH` apart, for each second of speech between them.

    `times` (n,) rise, in seconds; `losses` (n,), which rise too, are what was lost until then; `said` is how long the speech was,
    from its first token to its last. From each time on, two stretches are judged: to the last time within `STRETCH` (as if it
    were `STRETCH` long), and to the first one after that.
    """
    last = np.searchsorted(times, times + STRETCH, side="right") - 1
    ends = np.array([last, np.minimum(last + 1, len(times) - 1)])
    worst = ((losses[ends] - losses) / np.maximum(times[ends] - times, STRETCH)).max()
    return float(worst * STRETCH / min(max(said, LEAST), STRETCH))
