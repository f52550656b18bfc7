"""Posteriors of a stream, taken once, and what the runtime's own detector decides on them at any threshold."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import BACKGROUND, DetectSpec
from edge_asr.runtime.detector import Detector
from edge_asr.runtime.engine import Engine
from edge_asr.runtime.events import Detection
from edge_asr.runtime.posteriors import PosteriorStream

NEVER = 2.0
"""A threshold that no posterior reaches."""


@dataclass(frozen=True)
class Timing:
    """How steps lie in time, and what they are called."""

    labels: tuple[str, ...]
    sample_rate: int
    step_samples: int
    window_samples: int

    @classmethod
    def of(cls, engine: Engine) -> Timing:
        """The timing of the steps that `engine` makes in its bundle's rhythm."""
        spec = engine.manifest.frontend
        step = spec.hops_in(engine.manifest.detect.step_ms) * spec.hop_samples
        return cls(engine.labels, spec.sample_rate, step, engine.window_samples)


@dataclass(frozen=True)
class Trace:
    """What the model said at each step of one stream, those of `finish` included."""

    posteriors: NDArray[np.float32]
    """(steps, labels)."""
    first_end: int
    """Where the first step's window ends, in samples from the start; the others follow at equal distances."""
    samples: int
    """Samples that were heard."""


def take_trace(engine: Engine, blocks: Iterable[NDArray[Any]]) -> Trace:
    """Run `engine` over sound, as live, from a fresh stream to its end; `blocks` as `PosteriorStream.accept` takes them."""
    stream = PosteriorStream(engine, engine.manifest.detect.step_ms)
    parts: list[NDArray[np.float32]] = []
    first_end = 0
    for steps in _steps(stream, blocks):
        if steps:
            first_end = first_end or steps[0].end_sample
            parts.append(np.stack([step.posterior for step in steps]))
    posteriors = np.concatenate(parts) if parts else np.zeros((0, len(engine.labels)), np.float32)
    return Trace(posteriors, first_end, stream.samples)


def _steps(stream: PosteriorStream, blocks: Iterable[NDArray[Any]]) -> Iterator[list[Any]]:
    for block in blocks:
        yield stream.accept(block)
    yield stream.finish()


def alone(detect: DetectSpec, label: str, threshold: float) -> DetectSpec:
    """`detect` listening for `label` only, at `threshold`: no other label can fire, and so none can hide it."""
    return dataclasses.replace(detect, threshold=NEVER, thresholds={label: threshold})


@dataclass(frozen=True)
class Replay:
    """A trace to decide on, again and again; `detect` gives the smoothing, each call its own thresholds."""

    trace: Trace
    timing: Timing
    smoothing_ms: float

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """The smoothed posteriors, (steps, labels), bit for bit those that the detector compares with its thresholds."""
        wide = self.trace.posteriors.astype(np.float64)
        total = np.zeros_like(wide)
        for age in range(min(self._smoothed, len(wide)) - 1, -1, -1):  # oldest first, as the detector adds
            total[age:] += wide[: len(wide) - age]
        return total / np.minimum(np.arange(1, len(wide) + 1), self._smoothed)[:, None]

    @cached_property
    def ends(self) -> NDArray[np.float64]:
        """When each step ends, in seconds of the stream; as the stream reports it, never behind the end of the sound."""
        return np.minimum(self._end_samples, self.trace.samples) / self.timing.sample_rate

    def detections(self, detect: DetectSpec) -> list[Detection]:
        """What a `Stream` would report for this sound, deciding as `detect`, whose smoothing must be that of the replay.

        It is the runtime's `Detector` that decides. It is spared the steps at which nothing can happen: where every keyword
        is below its release, the detector is armed, and only the refractory time outlasts that. Zeros stand in for them: they
        push the posteriors before the gap out of the mean without ever raising it.
        """
        timing, ends = self.timing, self._end_samples
        detector = Detector(
            timing.labels,
            detect,
            sample_rate=timing.sample_rate,
            step_samples=timing.step_samples,
            window_samples=timing.window_samples,
        )
        found = []
        gap = np.zeros(len(timing.labels), np.float32)
        last = -1
        for at in self._eventful(detect):
            for _ in range(self._smoothed if at > last + 1 else 0):
                detector.step(gap, int(ends[at]))
            last = int(at)
            event = detector.step(self.trace.posteriors[at], int(ends[at]))
            if event:
                found.append(dataclasses.replace(event, end=min(event.end, self.trace.samples / timing.sample_rate)))
        return found

    def _eventful(self, detect: DetectSpec) -> NDArray[np.intp]:
        """The steps at which a keyword is not below its release, and those that their means reach back to."""
        keywords = [(i, label) for i, label in enumerate(self.timing.labels) if label not in BACKGROUND]
        wanted = np.zeros(len(self.scores), np.bool_)
        for i, label in keywords:
            wanted |= self.scores[:, i] >= detect.thresholds.get(label, detect.threshold) * detect.release
        reached = wanted.copy()
        for back in range(1, min(self._smoothed, len(wanted))):
            reached[:-back] |= wanted[back:]
        return np.flatnonzero(reached)

    @cached_property
    def _end_samples(self) -> NDArray[np.int64]:
        return self.trace.first_end + self.timing.step_samples * np.arange(len(self.trace.posteriors), dtype=np.int64)

    @property
    def _smoothed(self) -> int:
        """Steps that are averaged."""
        return max(1, round(self.smoothing_ms * self.timing.sample_rate / 1000 / self.timing.step_samples))
