"""What a bundle says to recordings of its words and to hours of other audio, heard once, to be decided on at any threshold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import DetectSpec
from edge_asr.data.clips import LeftOut
from edge_asr.data.negatives import Window
from edge_asr.runtime.events import Detection
from edge_asr.runtime.speech_span import Span
from edge_asr.training.metrics import Proportion
from edge_asr.training.positives import Positive
from edge_asr.training.rate import Rate
from edge_asr.training.trace import Replay, alone

LATE_SECONDS = 1.0
"""A detection counts for a word from the word's beginning until so long after its end."""
PEAK_SECONDS = 2.0
"""Peaks of scores are looked for in blocks of so long: shorter than most pauses between two events, longer than one."""


@dataclass(frozen=True)
class ScoredClip:
    """A recording of a word under one condition."""

    positive: Positive
    word: Span
    """Where the word lies in the stream that was heard (padding included), in seconds."""
    replay: Replay

    def detection(self, detect: DetectSpec) -> Detection | None:
        """The first detection of the word itself, in time, deciding as `detect`."""
        return next((event for event in self.replay.detections(detect) if self._is_word(event)), None)

    def reaches(self, threshold: float, detect: DetectSpec) -> bool:
        """Whether the word alone is detected at `threshold`; `detect` says the rest.

        As long as nothing before the word reaches the threshold, the detector is armed when it comes, and what counts is the
        word's highest score. Else the detector is asked.
        """
        before, within = self.peaks
        if before < threshold:
            return within >= threshold
        return self.detection(alone(detect, self.positive.label, threshold)) is not None

    @cached_property
    def peaks(self) -> tuple[float, float]:
        """The label's highest score before the word begins, and in the time in which a detection counts."""
        scores, ends = self.replay.scores[:, self.replay.timing.labels.index(self.positive.label)], self.replay.ends
        within = (ends >= self.word.start) & (ends <= self.word.end + LATE_SECONDS)
        return float(scores[ends < self.word.start].max(initial=-1.0)), float(scores[within].max(initial=-1.0))

    def _is_word(self, event: Detection) -> bool:
        return event.label == self.positive.label and self.word.start <= event.end <= self.word.end + LATE_SECONDS


@dataclass(frozen=True)
class PositiveScores:
    """The recordings under each condition."""

    clips: dict[str, tuple[ScoredClip, ...]]
    """By the condition's name; the same recordings in the same order under each."""
    left_out: tuple[LeftOut, ...] = ()

    def of(self, condition: str, label: str) -> tuple[ScoredClip, ...]:
        """The recordings of `label` under `condition`."""
        return tuple(clip for clip in self.clips[condition] if clip.positive.label == label)

    def misses(self, condition: str, label: str, threshold: float, detect: DetectSpec) -> Proportion:
        """Words that are not detected where `label` is listened for alone, at `threshold`."""
        clips = self.of(condition, label)
        return Proportion(sum(not clip.reaches(threshold, detect) for clip in clips), len(clips))


@dataclass(frozen=True)
class FalseAccept:
    """A detection in audio that holds no word of the bundle."""

    path: Path
    time: float
    """Seconds into the file, at which the detection fell."""
    label: str
    score: float
    """The smoothed posterior at that moment, 0 to 1."""


@dataclass(frozen=True)
class ScoredStream:
    """A stream without the words; pieces that could not be read are not in `window`."""

    window: Window
    replay: Replay

    def false_accepts(self, detect: DetectSpec) -> tuple[FalseAccept, ...]:
        """What is detected, deciding as `detect`."""
        return tuple(self._placed(event) for event in self.replay.detections(detect))

    def _placed(self, event: Detection) -> FalseAccept:
        piece = self.window.piece_at(event.end)
        return FalseAccept(piece.clip.path, piece.start + event.end - piece.at, event.label, event.score)


@dataclass(frozen=True)
class NegativeScores:
    """Hours of audio that hold no word of the bundle."""

    streams: tuple[ScoredStream, ...]
    left_out: tuple[LeftOut, ...] = ()

    @cached_property
    def hours(self) -> float:
        """Hours of sound, without the silence between joined clips."""
        return sum(piece.seconds for stream in self.streams for piece in stream.window.pieces) / 3600

    def false_accepts(self, detect: DetectSpec) -> tuple[FalseAccept, ...]:
        """What is detected, deciding as `detect`, in the order of the streams."""
        return tuple(event for stream in self.streams for event in stream.false_accepts(detect))

    def rate(self, label: str, threshold: float, detect: DetectSpec) -> Rate:
        """False accepts where `label` is listened for alone, at `threshold`."""
        wanted = alone(detect, label, threshold)
        return Rate(sum(len(stream.replay.detections(wanted)) for stream in self.streams), self.hours)

    def peaks(self, label: str) -> NDArray[np.float64]:
        """The label's highest score in each block of `PEAK_SECONDS` of each stream, highest first."""
        found = [np.zeros(0)]
        for stream in self.streams:
            timing, scores = stream.replay.timing, stream.replay.scores
            if len(scores):
                steps = max(1, round(PEAK_SECONDS * timing.sample_rate / timing.step_samples))
                column = scores[:, timing.labels.index(label)]
                found.append(np.maximum.reduceat(column, np.arange(0, len(column), steps)))
        return np.sort(np.concatenate(found))[::-1]
