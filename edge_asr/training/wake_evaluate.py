"""Measuring wake words: what a bundle does with recordings of its words, and in hours of other audio."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import BACKGROUND, DetectSpec
from edge_asr.data.clips import LeftOut
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.engine import Engine
from edge_asr.training.det import RATES, DetCurve, OperatingPoint, det_curve
from edge_asr.training.metrics import Proportion
from edge_asr.training.rate import Rate
from edge_asr.training.trace import alone
from edge_asr.training.wake_score import FalseAccept, NegativeScores, PositiveScores, ScoredClip

SHOWN_RATE = 2.0
"""False accepts that the shipped threshold suppresses are shown as well, as far as this many an hour."""


@dataclass(frozen=True)
class Miss:
    """A recording whose word was not detected."""

    clip: ScoredClip
    condition: str

    @property
    def score(self) -> float:
        """The highest score of the word, 0 to 1; its threshold was higher."""
        return max(self.clip.peaks[1], 0.0)


@dataclass(frozen=True)
class WordResult:
    """How one word of a bundle does."""

    label: str
    recordings: int
    curve: DetCurve
    """Listened for alone, at any threshold."""
    shipped: OperatingPoint
    """As the bundle decides, with its other words beside it."""
    latencies: dict[str, NDArray[np.float64]]
    """By condition: seconds from the end of the word to its detection, of those detected as shipped."""
    misses: tuple[Miss, ...]
    """As shipped: the conditions in order, the lowest scores first."""
    false_accepts: tuple[FalseAccept, ...]
    """The highest scores first; those below the threshold that is shipped are how far from it the next ones are."""


@dataclass(frozen=True)
class WakeEvaluation:
    """What was measured."""

    bundle: str
    """Name of the bundle."""
    model_sha256: str
    model_bytes: int
    form: str
    """Of the model that ran: `stream` or `window`."""
    interpreter: str
    """Package, version and kernels that ran it."""
    sample_rate: int
    detect: DetectSpec
    conditions: tuple[str, ...]
    positives: str
    """What the recordings are called."""
    negatives: str
    """What the audio without the words is called."""
    hours: float
    """Of audio without the words."""
    words: tuple[WordResult, ...]
    confusions: dict[tuple[str, str], int]
    """Clean recordings of the first word in which the second was detected."""
    left_out: tuple[LeftOut, ...] = ()


def evaluate_wake(
    engine: Engine,
    positives: PositiveScores,
    negatives: NegativeScores,
    *,
    names: tuple[str, str] = ("recordings", "audio"),
    rates: Sequence[float] = (),
    left_out: Sequence[LeftOut] = (),
    progress: Progress = no_progress,
) -> WakeEvaluation:
    """Count what the bundle of `engine` did with each word that is among `positives`.

    `names` of the recordings and of the audio; `rates` are judged beside `RATES`; `left_out` are files that no engine heard.
    """
    manifest, detect = engine.manifest, engine.manifest.detect
    said = {clip.positive.label for clips in positives.clips.values() for clip in clips}
    labels = [label for label in manifest.labels if label in said and label not in BACKGROUND]
    found = negatives.false_accepts(detect)
    words = []
    for done, label in enumerate(labels):
        progress("counting", done, len(labels))
        curve = det_curve(label, positives, negatives, detect, sorted({*RATES, *rates}))
        words.append(_word(curve, positives, negatives, detect, found))
    interpreter = engine.interpreter.description
    return WakeEvaluation(
        bundle=manifest.name,
        model_sha256=engine.model.sha256,
        model_bytes=engine.model.size,
        form=engine.model.form,
        interpreter=f"{interpreter.package} {interpreter.version}, {interpreter.kernels} kernels",
        sample_rate=manifest.frontend.sample_rate,
        detect=detect,
        conditions=tuple(positives.clips),
        positives=names[0],
        negatives=names[1],
        hours=negatives.hours,
        words=tuple(words),
        confusions=_confusions(next(iter(positives.clips.values())), detect),
        left_out=(*left_out, *positives.left_out, *negatives.left_out),
    )


def _word(
    curve: DetCurve,
    positives: PositiveScores,
    negatives: NegativeScores,
    detect: DetectSpec,
    found: Sequence[FalseAccept],
) -> WordResult:
    label = curve.label
    misses, latencies, missed = {}, {}, []
    for condition in positives.clips:
        clips = positives.of(condition, label)
        events = [clip.detection(detect) for clip in clips]
        silent = [Miss(clip, condition) for clip, event in zip(clips, events) if event is None]
        missed += sorted(silent, key=lambda miss: miss.score)
        misses[condition] = Proportion(len(silent), len(clips))
        latencies[condition] = np.array([event.end - clip.word.end for clip, event in zip(clips, events) if event])
    threshold = detect.thresholds.get(label, detect.threshold)
    fired = Rate(sum(event.label == label for event in found), negatives.hours)
    return WordResult(
        label,
        len(clips),
        curve,
        OperatingPoint(threshold, fired, misses),
        latencies,
        tuple(missed),
        _worst_accepts(curve, negatives, detect, threshold),
    )


def _worst_accepts(curve: DetCurve, negatives: NegativeScores, detect: DetectSpec, threshold: float) -> tuple[FalseAccept, ...]:
    lower = curve.at_rates[SHOWN_RATE]
    limit = threshold if lower is None else min(threshold, lower.threshold)
    found = negatives.false_accepts(alone(detect, curve.label, limit))
    return tuple(sorted(found, key=lambda event: -event.score))


def _confusions(clips: Sequence[ScoredClip], detect: DetectSpec) -> dict[tuple[str, str], int]:
    counts = Counter(
        (clip.positive.label, label)
        for clip in clips
        for label in {event.label for event in clip.replay.detections(detect)} - {clip.positive.label}
    )
    return dict(counts.most_common())
