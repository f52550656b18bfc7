"""One audio stream on an engine: samples in, detections out, in bounded memory and independent of how it is cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import DetectSpec
from edge_asr.runtime.detector import Detector
from edge_asr.runtime.events import Detection
from edge_asr.runtime.posteriors import PosteriorStream, Step

if TYPE_CHECKING:
    from edge_asr.runtime.engine import Engine


class Stream:
    """The posteriors of one audio stream, and the decisions on them. Not for two threads at once; the engine under it is."""

    def __init__(self, engine: Engine, detect: DetectSpec) -> None:
        """Open a stream on `engine`; use `Engine.stream`. Raises `ConfigError` as `Detector` does."""
        self._rate = engine.manifest.frontend.sample_rate
        self._posteriors = PosteriorStream(engine, detect.step_ms)
        self._detector = Detector(
            engine.labels,
            detect,
            sample_rate=self._rate,
            step_samples=self._posteriors.step_samples,
            window_samples=engine.window_samples,
        )

    @property
    def level(self) -> float:
        """Level of the last chunk in dBFS; see `PosteriorStream`."""
        return self._posteriors.level

    @property
    def samples(self) -> int:
        """Samples accepted since the start or `reset`."""
        return self._posteriors.samples

    @property
    def posterior(self) -> NDArray[np.float64]:
        """The last smoothed posterior, (labels,), for display; zeros before the first step."""
        return self._detector.smoothed

    def reset(self) -> None:
        """Start over: the stream is as new, and begins as if silence (zeros) came before it."""
        self._posteriors.reset()
        self._detector.reset()

    def accept(self, samples: NDArray[Any]) -> list[Detection]:
        """Take the next samples and return the detections that they complete, in order.

        `samples` and errors as for `PosteriorStream.accept`.
        """
        return self._decide(self._posteriors.accept(samples))

    def finish(self) -> list[Detection]:
        """End the stream: hear half a window of silence, so that a word at the very end is not missed.

        Returns the last events; their `end` is at most the end of the samples. A second call does nothing.
        """
        heard = self.samples / self._rate
        detections = self._decide(self._posteriors.finish())
        return [dataclasses.replace(found, end=min(found.end, heard)) for found in detections]

    def _decide(self, steps: Iterable[Step]) -> list[Detection]:
        decisions = (self._detector.step(step.posterior, step.end_sample) for step in steps)
        return [found for found in decisions if found]
