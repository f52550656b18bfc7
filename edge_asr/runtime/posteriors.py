"""One audio stream up to the decision: samples in, a posterior each step out, independent of how the samples are cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.quantization import quantize
from edge_asr.runtime.features import FeatureStream, first_frame

if TYPE_CHECKING:
    from edge_asr.runtime.engine import Engine


@dataclass(frozen=True)
class Step:
    """What the model says at one step of a stream."""

    posterior: NDArray[np.float32]
    """(labels,), summing to 1."""
    end_sample: int
    """The end of the window that it is about: samples from the start of the stream."""


class Scorer:
    """A model on the features of one stream."""

    def __init__(self, engine: Engine, step_frames: int) -> None:
        """Raises `ConfigError` for a step that is not that of the engine's stream form."""
        spec = engine.manifest.frontend
        self._input = engine.model.input
        self._track = engine.track(step_frames)
        self._step_frames = step_frames
        self._step_samples = step_frames * spec.hop_samples
        self._first_end = spec.samples_for(step_frames) + first_frame(spec, step_frames) * spec.hop_samples
        self.reset()

    def reset(self) -> None:
        """Start over, after silence."""
        self._track.reset()
        self._next_end = self._first_end

    def accept(self, features: NDArray[np.float32]) -> Iterator[Step]:
        """A step for each `step_frames` of `features`, float32 (steps * step_frames, features). Take all of them."""
        stored = quantize(features, self._input)
        for at in range(0, len(stored), self._step_frames):
            yield Step(self._track.step(stored[at : at + self._step_frames]), self._next_end)
            self._next_end += self._step_samples


class PosteriorStream:
    """The state of one audio stream before any decision. Not for two threads at once; the engine under it is."""

    def __init__(self, engine: Engine, step_ms: float) -> None:
        """Open a stream on `engine` with a step of `step_ms`, rounded to whole frames, at least one.

        Raises `ConfigError` for a step that is not that of the engine's stream form.
        """
        spec = engine.manifest.frontend
        step_frames = spec.hops_in(step_ms)
        self.step_samples = step_frames * spec.hop_samples
        """Samples from one step to the next."""
        self._tail = engine.window_samples // 2
        self._features = FeatureStream(spec, step_frames)
        self._scorer = Scorer(engine, step_frames)

    @property
    def level(self) -> float:
        """Level of the last chunk in dBFS; see `FeatureStream`."""
        return self._features.level

    @property
    def samples(self) -> int:
        """Samples accepted since the start or `reset`."""
        return self._features.samples

    def reset(self) -> None:
        """Start over: the stream is as new, and begins as if silence (zeros) came before it."""
        self._features.reset()
        self._scorer.reset()

    def accept(self, samples: NDArray[Any]) -> list[Step]:
        """Take the next samples and return the steps that they complete, in order.

        `samples`: (n,) int16, or float32 / float64 in [-1, 1), at the front end's rate; n of 0 or more, of any length.
        Raises `AudioError` for other arrays (and has taken nothing of them) and after `finish`.
        """
        return [step for block in self._features.accept(samples) for step in self._scorer.accept(block)]

    def finish(self) -> list[Step]:
        """End the stream: hear half a window of silence, so that a word at the very end is not missed.

        Returns the last steps, which end up to half a window after the samples. A second call does nothing.
        """
        return list(self._scorer.accept(self._features.finish(self._tail)))
