"""Misses against false accepts an hour: the detection error tradeoff of a wake word (Martin et al., Eurospeech 1997)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from edge_asr.bundle.manifest import DetectSpec
from edge_asr.training.metrics import Proportion
from edge_asr.training.rate import Rate
from edge_asr.training.wake_score import NegativeScores, PositiveScores

RATES = (0.0, 0.1, 0.5, 1.0, 2.0)
"""False accepts an hour at which a wake word is judged."""
HIGHEST_RATE = 20.0
"""False accepts an hour at which the curve ends."""
CURVE_POINTS = 48
LOWEST_THRESHOLD = 0.02
"""Below, a label that is never quite quiet fires once and is not released again: fewer events, but no detector."""
STEPS = 1_000_000
"""Thresholds are multiples of a millionth."""


@dataclass(frozen=True)
class Thresholds:
    """The thresholds at which the number of a label's false accepts changes, and those numbers."""

    negatives: NegativeScores
    label: str
    detect: DetectSpec

    @cached_property
    def candidates(self) -> tuple[float, ...]:
        """Just above each peak of the label's score in the negatives, highest first, down to `LOWEST_THRESHOLD`."""
        peaks = self.negatives.peaks(self.label)
        above = {_above(float(peak)) for peak in np.unique(peaks[peaks >= LOWEST_THRESHOLD])}
        return tuple(sorted({LOWEST_THRESHOLD, *(threshold for threshold in above if threshold <= 1.0)}, reverse=True))

    @cached_property
    def _rates(self) -> dict[float, Rate]:
        return {}

    def rate(self, threshold: float) -> Rate:
        """The label's false accepts at `threshold`, counted by the runtime's detector."""
        if threshold not in self._rates:
            self._rates[threshold] = self.negatives.rate(self.label, threshold, self.detect)
        return self._rates[threshold]

    def with_at_most(self, events: int) -> float | None:
        """The lowest of the candidates with at most so many false accepts, next to one with more; None where all have more.

        Lower thresholds give more events, but for rare cases (two words in one long event may come apart at a higher one).
        The search goes down from the highest, in growing strides until there are more, and halves the last stride.
        """
        if self.rate(self.candidates[0]).events > events:
            return None
        good, stride = 0, 1
        while good + stride < len(self.candidates) and self.rate(self.candidates[good + stride]).events <= events:
            good, stride = good + stride, 2 * stride
        bad = min(good + stride, len(self.candidates))
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if self.rate(self.candidates[middle]).events <= events else (good, middle)
        return self.candidates[good]


@dataclass(frozen=True)
class OperatingPoint:
    """How a label does at one threshold, listened for alone."""

    threshold: float
    false_accepts: Rate
    misses: dict[str, Proportion]
    """By the condition's name."""


@dataclass(frozen=True)
class DetCurve:
    """Misses against false accepts of one label."""

    label: str
    points: tuple[OperatingPoint, ...]
    """The highest threshold first."""
    at_rates: dict[float, OperatingPoint | None]
    """By false accepts an hour: where the label is missed least with no more than so many in the hours that were heard; None
    where every threshold has more."""


def det_curve(
    label: str, positives: PositiveScores, negatives: NegativeScores, detect: DetectSpec, rates: Sequence[float] = RATES
) -> DetCurve:
    """The curve of `label`; `detect` says all but the threshold."""
    thresholds = Thresholds(negatives, label, detect)

    def point(threshold: float) -> OperatingPoint:
        misses = {name: positives.misses(name, label, threshold, detect) for name in positives.clips}
        return OperatingPoint(threshold, thresholds.rate(threshold), misses)

    found = {rate: thresholds.with_at_most(math.floor(rate * negatives.hours + 1e-9)) for rate in rates}
    on_curve = {threshold for threshold in found.values() if threshold is not None}
    ranks = np.unique(np.geomspace(1, len(thresholds.candidates), CURVE_POINTS).astype(int)) - 1
    for rank in ranks:
        on_curve.add(thresholds.candidates[rank])
        if thresholds.rate(thresholds.candidates[rank]).value > HIGHEST_RATE:
            break
    points = {threshold: point(threshold) for threshold in sorted(on_curve, reverse=True)}
    at_rates = {rate: None if threshold is None else points[threshold] for rate, threshold in found.items()}
    return DetCurve(label, tuple(points.values()), at_rates)


def _above(peak: float) -> float:
    """The lowest threshold that `peak` does not reach."""
    step = math.floor(peak * STEPS)
    while step / STEPS <= peak:
        step += 1
    return step / STEPS
