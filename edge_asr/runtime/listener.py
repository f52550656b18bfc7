"""One bundle's part of an audio stream: features to posteriors to detections."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import DetectSpec
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.runtime.detector import Detector
from edge_asr.runtime.events import Detection
from edge_asr.runtime.posteriors import Scorer

if TYPE_CHECKING:
    from edge_asr.runtime.engine import Engine


class Listener:
    """A model and its decisions on the features of one stream, which it may share with other listeners."""

    def __init__(self, engine: Engine, detect: DetectSpec, bundle: str = "") -> None:
        """`bundle`: what its detections are to be named after.

        Raises `ConfigError` when `detect` names a label that the engine does not have, or has another step than its stream
        form.
        """
        spec = engine.manifest.frontend
        step_frames = spec.hops_in(detect.step_ms)
        self.labels, self.bundle = engine.labels, bundle
        self.frontend: tuple[FrontendSpec, int] = (spec, step_frames)
        """What makes its features: the front end and the frames of a step."""
        self.tail = engine.window_samples // 2
        """Samples of silence that it hears behind the end of the stream, so that a word at the very end is not missed."""
        self._scorer = Scorer(engine, step_frames)
        self._detector = Detector(
            engine.labels,
            detect,
            sample_rate=spec.sample_rate,
            step_samples=step_frames * spec.hop_samples,
            window_samples=engine.window_samples,
        )

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """The last smoothed posterior, (labels,); zeros before the first step."""
        return self._detector.smoothed

    def reset(self) -> None:
        """Start over, after silence."""
        self._scorer.reset()
        self._detector.reset()

    def hear(self, features: NDArray[np.float32], end: float = np.inf) -> list[Detection]:
        """The detections of the steps that `features` (see `Scorer.accept`) bring, up to the one that ends at sample `end`."""
        return [
            replace(event, bundle=self.bundle)
            for step in self._scorer.accept(features)
            if step.end_sample <= end and (event := self._detector.step(step.posterior, step.end_sample))
        ]
