"""When a recogniser refuses: the limit for a wanted share of false accepts, with the evidence for it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from edge_asr.errors import DataError
from edge_asr.runtime.ctc.hypothesis import Transcript
from edge_asr.training.exact import ExactProportion

Limit: TypeAlias = Literal["max_penalty", "min_confidence"]
"""Which of a bundle's settings refuses: the first with a grammar, the second without."""

PLACES: dict[Limit, int] = {"max_penalty": 2, "min_confidence": 3}
"""Decimal places of a limit that is chosen."""
CURVE_POINTS = 60


@dataclass(frozen=True)
class RejectionPoint:
    """What a limit does."""

    value: float
    inside: ExactProportion
    """Accepted, of the utterances that should be."""
    outside: ExactProportion
    """Accepted, of what should be refused."""


@dataclass(frozen=True)
class Limits:
    """What the shipped limit does, and what others would do."""

    shipped: RejectionPoint
    curve: tuple[RejectionPoint, ...]
    """From the strictest to the laxest."""


@dataclass(frozen=True)
class RejectionChoice:
    """A limit, and why it is this one."""

    limit: Limit
    point: RejectionPoint
    target: float
    """Share of what should be refused that may be accepted."""
    rule: Literal["counted", "too few", "unchallenged"]
    """`counted`: a laxer limit would accept too much. `too few`: there is less to be refused than it takes to tell so small a
    share; nothing of it is accepted. `unchallenged`: no limit is needed for it; all that should be accepted is."""

    def __str__(self) -> str:
        """One line for a person."""
        return (
            f"{self.limit} {self.point.value:g} for {self.target:.1%} ({self.rule}); "
            f"accepted of what should be: {self.point.inside}, of what should be refused: {self.point.outside}"
        )


def limit_of(assets: Iterable[str]) -> Limit:
    """What refuses in a bundle with files of these roles."""
    return "max_penalty" if "grammar" in assets else "min_confidence"


def sureness(transcripts: Iterable[Transcript], limit: Limit) -> float:
    """How sure a recogniser, refusing nothing, is that something was said: the higher the sooner it is accepted.

    The confidence, or the penalty below 0, of the surest transcript; -inf where nothing was understood.
    """
    said = [one for one in transcripts if one.text]
    return max((-one.penalty if limit == "max_penalty" else one.confidence for one in said), default=-math.inf)


def rejection_point(inside: Sequence[float], outside: Sequence[float], limit: Limit, value: float) -> RejectionPoint:
    """What the limit `value` does to utterances as sure as `inside`, and to others as sure as `outside`."""
    least = -value if limit == "max_penalty" else value
    accepted = [ExactProportion(sum(one >= least for one in side), len(side)) for side in (inside, outside)]
    return RejectionPoint(value, *accepted)


def rejection_curve(inside: Sequence[float], outside: Sequence[float], limit: Limit) -> tuple[RejectionPoint, ...]:
    """What limits do, from the strictest to the laxest, where the utterances of either kind lie."""
    sure = np.unique([*inside, *outside])
    sure = sure[np.isfinite(sure)][::-1]
    values = sure[np.unique(np.linspace(0, len(sure) - 1, min(CURVE_POINTS, len(sure))).astype(int))]
    return tuple(rejection_point(inside, outside, limit, abs(float(value))) for value in values)


def choose_rejection(inside: Sequence[float], outside: Sequence[float], limit: Limit, target: float) -> RejectionChoice:
    """The laxest limit for accepting a share of `target` (0 to 1) of what should be refused.

    `inside` and `outside`: the `sureness` of utterances that were understood right, and of what should be refused. Just above
    the (k + 1)th surest of n outside, k of them are accepted; the next one to come is as likely to be surer as any of those
    heard, so (k + 1) / (n + 1) is expected of it, and the largest k is taken that keeps this within `target`.
    Raises `DataError` when either is empty or `target` is not a share.
    """
    if not inside or not outside:
        raise DataError(
            "expected utterances that should be understood and others that should be refused, to choose a limit on; "
            f"found {len(inside)} and {len(outside)}"
        )
    if not 0 <= target <= 1:
        raise DataError(f"expected a wanted share of 0 to 1, found {target:g}")
    others = sorted(outside, reverse=True)
    k = math.floor(target * (len(others) + 1) + 1e-9) - 1
    refused = others[max(k, 0)] if k < len(others) else -math.inf
    rule: Literal["counted", "too few", "unchallenged"] = "counted" if k >= 0 else "too few"
    step = 10.0 ** -PLACES[limit]
    if math.isfinite(refused):
        least = (math.floor(refused / step + 1e-9) + 1) * step
    else:
        rule, least = "unchallenged", math.floor(min(inside) / step + 1e-9) * step
    return RejectionChoice(limit, rejection_point(inside, outside, limit, _value(least, limit)), target, rule)


def _value(least: float, limit: Limit) -> float:
    """The limit that accepts what is at least so sure."""
    value = min(max(-least, 0.0), 1000.0) if limit == "max_penalty" else min(max(least, 0.0), 1.0)
    return round(value, PLACES[limit])
