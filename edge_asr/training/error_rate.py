"""How sure a word error rate is: intervals from drawing speakers, or utterances, again."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from edge_asr.training.exact import ExactProportion
from edge_asr.training.word_errors import Errors

DRAWS = 2000
"""Bootstrap samples: the ends of a 95 % interval then scatter by about a twentieth of its width."""
NO_ERRORS = Errors(0, 0, 0, 0)


@dataclass(frozen=True)
class ErrorRate:
    """Errors of a whole set, in words or in characters, and how sure their rate is."""

    errors: Errors
    interval: tuple[float, float] | None
    """95 %; None where nothing was said."""

    @property
    def value(self) -> float | None:
        """Errors by what was said; above 1 where more is inserted than was said. None where nothing was said."""
        return self.errors.rate if self.errors.said else None

    def __str__(self) -> str:
        """For example `2.4 % (1.1 to 3.9)`, or `n/a`."""
        if self.value is None or self.interval is None:
            return "n/a"
        return f"{100 * self.value:.1f} % ({100 * self.interval[0]:.1f} to {100 * self.interval[1]:.1f})"


def error_rate(errors: Sequence[Errors], groups: Sequence[Hashable], seed: int = 0) -> ErrorRate:
    """The rate of all `errors`, one for each utterance, of which those with equal `groups` were not made independently.

    The interval is the percentile bootstrap's: whole groups are drawn with replacement, and errors and words summed (Bisani and
    Ney, ICASSP 2004). Where no error was seen that would be nothing; its upper end is then the exact binomial one of the words.
    """
    summed: dict[Hashable, Errors] = {}
    for group, one in zip(groups, errors, strict=True):
        summed[group] = summed.get(group, NO_ERRORS) + one
    total = sum(summed.values(), NO_ERRORS)
    if not total.said:
        return ErrorRate(total, None)
    if not total.count:
        return ErrorRate(total, ExactProportion(0, total.said).interval)
    table = np.array([[one.count, one.said] for one in summed.values()], np.float64)
    drawn = np.random.default_rng(seed).multinomial(len(table), np.full(len(table), 1 / len(table)), DRAWS) @ table
    low, high = np.quantile(drawn[:, 0] / np.maximum(drawn[:, 1], 1.0), (0.025, 0.975))
    return ErrorRate(total, (float(low), float(high)))
