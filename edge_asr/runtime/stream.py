"""One audio stream: samples in, detections out, in bounded memory and independent of how it is cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import BACKGROUND
from edge_asr.errors import ConfigError
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.runtime.events import Detection
from edge_asr.runtime.features import FeatureStream
from edge_asr.runtime.listener import Listener


class Stream:
    """The state of one audio stream, heard by one bundle or by several. Not for two threads at once; the engines are.

    Listeners with equal front ends and steps share one, and each hears what it would hear alone.
    """

    def __init__(self, listeners: Sequence[Listener]) -> None:
        """Open a stream for at least one listener; for a single bundle use `Engine.stream`.

        Raises `ConfigError` when two listeners have the same keyword or different sample rates.
        """
        _check(listeners)
        self._listeners = listeners
        shared: dict[tuple[FrontendSpec, int], list[Listener]] = {}
        for listener in listeners:
            shared.setdefault(listener.frontend, []).append(listener)
        self._parts = [(FeatureStream(*frontend), members) for frontend, members in shared.items()]
        self.sample_rate = listeners[0].frontend[0].sample_rate

    @property
    def level(self) -> float:
        """Level of the last chunk in dBFS; see `FeatureStream`."""
        return self._parts[0][0].level

    @property
    def samples(self) -> int:
        """Samples accepted since the start or `reset`."""
        return self._parts[0][0].samples

    @property
    def posterior(self) -> NDArray[np.float64]:
        """The last smoothed posteriors, (labels,), one listener behind the other, for display; zeros before the first step."""
        return np.concatenate([listener.smoothed for listener in self._listeners])

    def reset(self) -> None:
        """Start over: the stream is as new, and begins as if silence (zeros) came before it."""
        for features, _ in self._parts:
            features.reset()
        for listener in self._listeners:
            listener.reset()

    def accept(self, samples: NDArray[Any]) -> list[Detection]:
        """Take the next samples and return the detections that they complete, in order.

        `samples`: (n,) int16, or float32 / float64 in [-1, 1), at the front end's rate; n of 0 or more, of any length.
        Raises `AudioError` for other arrays (and has taken nothing of them) and after `finish`.
        """
        detections = [
            found
            for features, listeners in self._parts
            for block in features.accept(samples)
            for listener in listeners
            for found in listener.hear(block)
        ]
        return _in_order(detections)

    def finish(self) -> list[Detection]:
        """End the stream: hear half a window of silence, so that a word at the very end is not missed.

        Returns the last detections; their `end` is at most the end of the samples. A second call does nothing.
        """
        detections = []
        for features, listeners in self._parts:
            rest = features.finish(max(listener.tail for listener in listeners))
            for listener in listeners:
                detections += listener.hear(rest, end=self.samples + listener.tail)
        heard = self.samples / self.sample_rate
        return [replace(found, end=min(found.end, heard)) for found in _in_order(detections)]


def _in_order(detections: list[Detection]) -> list[Detection]:
    return sorted(detections, key=lambda found: found.end)


def _check(listeners: Sequence[Listener]) -> None:
    keywords = Counter(label for listener in listeners for label in listener.labels if label not in BACKGROUND)
    twice = sorted(label for label, count in keywords.items() if count > 1)
    if twice:
        raise ConfigError(f"expected bundles of different words to listen together, found in more than one: {', '.join(twice)}")
    rates = sorted({listener.frontend[0].sample_rate for listener in listeners})
    if len(rates) > 1:
        raise ConfigError(f"expected bundles of one sample rate to listen together, found {', '.join(map(str, rates))} Hz")
