"""The threshold that a wake word ships with: chosen for a wanted rate of false accepts, with the evidence for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import DetectSpec
from edge_asr.errors import DataError
from edge_asr.training.det import STEPS, Thresholds
from edge_asr.training.rate import Rate
from edge_asr.training.wake_score import PEAK_SECONDS, NegativeScores

LOWEST_CHOICE = 0.2
"""No lower threshold is chosen, however quiet the audio: it does not tell what the next day brings."""
HIGHEST_CHOICE = 0.999
"""No higher threshold is extrapolated: the mean of several posteriors hardly gets there."""
TAIL_PEAKS = 30
"""Peaks from which the rate at higher scores is extrapolated, of ten times as many or more."""


@dataclass(frozen=True)
class ThresholdChoice:
    """A threshold and why it is this one."""

    label: str
    threshold: float
    target: float
    """False accepts an hour that were wanted."""
    found: Rate
    """False accepts at the threshold, in the audio that it was chosen on."""
    rule: Literal["counted", "extrapolated", "lowest", "out of reach"]
    """`counted`: there were hours enough. `extrapolated`: the hours were too few for the wanted rate to show. `lowest`: hardly
    anything fires, and no lower one is chosen. `out of reach`: the highest threshold still has more false accepts."""

    def __str__(self) -> str:
        """One line for a person."""
        low, high = self.found.interval
        seen = f"{self.found.events or 'no'} false accept{'s' * (self.found.events != 1)} in {self.found.hours:.2f} h"
        return (
            f"{self.label}: threshold {self.threshold:.4g} for {self.target:g}/h ({self.rule}); "
            f"{seen} there, {low:.2f} to {high:.2f} an hour (95 %)"
        )


def choose_threshold(negatives: NegativeScores, label: str, detect: DetectSpec, target: float) -> ThresholdChoice:
    """The lowest threshold of `label` for at most `target` false accepts an hour; `detect` says the rest.

    Just above the highest score of H hours the rate to come is not 0: each hour to come is as likely to hold the next record as
    each of those heard, so 1 / H is expected, and (k + 1) / H just above the score that leaves k events. The lowest threshold
    with (k + 1) / H <= `target` is taken ("counted"). Where even one event is too many for the hours, the scores' tail is
    extrapolated: the log odds of the highest peaks are taken as exponentially distributed (peaks over threshold: Pickands,
    Ann. Stat. 3, 1975), and no threshold is taken that something reached. A `target` of 0 takes the lowest that nothing did.
    Raises `DataError` for less than some seconds of audio and for a negative target.
    """
    if target < 0:
        raise DataError(f"expected a wanted rate of 0 false accepts an hour or more, found {target:g}")
    thresholds = Thresholds(negatives, label, detect)
    allowed = math.floor(target * negatives.hours + 1e-9) - 1
    threshold = thresholds.with_at_most(max(allowed, 0))
    if threshold is None:
        return ThresholdChoice(label, 1.0, target, thresholds.rate(1.0), "out of reach")
    rule: Literal["counted", "extrapolated", "lowest"] = "counted"
    if allowed < 0 < target:
        rule = "extrapolated"
        threshold = max(threshold, min(_tail_threshold(negatives.peaks(label), target * negatives.hours), HIGHEST_CHOICE))
    if threshold < LOWEST_CHOICE:
        rule, threshold = "lowest", LOWEST_CHOICE
    return ThresholdChoice(label, threshold, target, thresholds.rate(threshold), rule)


def _tail_threshold(peaks: NDArray[np.float64], events: float) -> float:
    """Where `events` (less than 1) of the blocks with these peaks, highest first, would be expected to be higher."""
    count = min(TAIL_PEAKS, len(peaks) // 10)
    if count < 1:
        raise DataError(f"expected at least {10 * PEAK_SECONDS:g} seconds of audio to choose a threshold on, found less")
    tail = np.clip(peaks[: count + 1], 1e-9, 1 - 1e-9)
    odds = np.log(tail / (1 - tail))
    excess = float(np.mean(odds[:-1] - odds[-1]))
    chosen = float(odds[-1]) + excess * math.log(count / events)
    return math.ceil(STEPS / (1 + math.exp(-chosen))) / STEPS
