"""Posteriors to detections: smoothing, thresholds, hysteresis and a refractory time.

The smoothing is that of Chen, Parada and Heigold, "Small-footprint keyword spotting using deep neural networks"
(ICASSP 2014): the mean of the last posteriors, of fewer at the start of a stream.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import BACKGROUND, DetectSpec
from edge_asr.errors import ConfigError
from edge_asr.runtime.events import Detection


class Detector:
    """The decisions of one stream. Time is the count of samples that the caller gives, never a clock's."""

    def __init__(
        self, labels: tuple[str, ...], spec: DetectSpec, *, sample_rate: int, step_samples: int, window_samples: int
    ) -> None:
        """Decide on posteriors that come every `step_samples`, each of the `window_samples` before it.

        Raises `ConfigError` when `spec.thresholds` names a label that is not in `labels`.
        """
        unknown = sorted(set(spec.thresholds) - set(labels))
        if unknown:
            raise ConfigError(f"detect.thresholds: expected labels of the bundle, found {', '.join(unknown)}")
        self._labels = labels
        self._rate, self._step, self._window = sample_rate, step_samples, window_samples
        self._refractory = spec.refractory_ms * sample_rate / 1000
        self._thresholds = np.array([spec.thresholds.get(label, spec.threshold) for label in labels])
        self._release = self._thresholds * spec.release
        self._armed = np.where([label in BACKGROUND for label in labels], np.inf, self._thresholds)
        self._recent = np.zeros((max(1, round(spec.smoothing_ms * sample_rate / 1000 / step_samples)), len(labels)))
        self.reset()

    def reset(self) -> None:
        """Start over, as if nothing had been heard."""
        self._recent[:] = 0.0
        self._filled = 0
        self._bars = self._armed.copy()  # what a label must reach now
        self._waiting: list[int] = []  # labels that must fall first
        self._quiet_until = 0.0
        self.smoothed: NDArray[np.float64] = np.zeros(len(self._labels))
        """The last smoothed posterior, (labels,); zeros before the first step."""

    def step(self, posterior: NDArray[np.float32], end_sample: int) -> Detection | None:
        """Take the next posterior, (labels,), of the window that ends at `end_sample`; at most one label is detected.

        A detection's `start` is where the first of the smoothed windows begins that by itself reaches the threshold:
        the word, or the part of it that the model needs, lies behind it. `end` is `end_sample`.
        """
        self._recent[:-1] = self._recent[1:]
        self._recent[-1] = posterior
        self._filled = min(self._filled + 1, len(self._recent))
        # The sum is made anew, oldest first: a running sum would drift over days.
        self.smoothed = np.add.reduce(self._recent, axis=0) / self._filled
        if self._waiting:
            self._rearm()
        if end_sample < self._quiet_until:
            return None
        candidates = self.smoothed >= self._bars
        if not np.count_nonzero(candidates):
            return None
        best = int(np.argmax(np.where(candidates, self.smoothed, -1.0)))
        self._bars[best] = np.inf
        self._waiting.append(best)
        self._quiet_until = end_sample + self._refractory
        return Detection(
            self._labels[best], self._span_start(best, end_sample), end_sample / self._rate, float(self.smoothed[best])
        )

    def _rearm(self) -> None:
        for label in list(self._waiting):
            if self.smoothed[label] < self._release[label]:
                self._bars[label] = self._armed[label]
                self._waiting.remove(label)

    def _span_start(self, label: int, end_sample: int) -> float:
        scores = self._recent[-self._filled :, label]
        age = self._filled - 1 - int(np.argmax(scores >= min(self._thresholds[label], scores.max())))
        return max(0, end_sample - age * self._step - self._window) / self._rate
