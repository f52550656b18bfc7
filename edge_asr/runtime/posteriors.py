"""One audio stream up to the decision: samples in, a posterior each step out, independent of how the samples are cut."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.quantization import quantize
from edge_asr.errors import AudioError
from edge_asr.frontend.pcm import check_samples
from edge_asr.frontend.streaming import StreamingFrontend

if TYPE_CHECKING:
    from edge_asr.runtime.engine import Engine

LOWEST_LEVEL = -120.0
"""dBFS of digital silence."""
BLOCK_SECONDS = 2
"""Long chunks are worked through in blocks of this length, so that an hour at once needs no more memory than this."""


@dataclass(frozen=True)
class Step:
    """What the model says at one step of a stream."""

    posterior: NDArray[np.float32]
    """(labels,), summing to 1."""
    end_sample: int
    """The end of the window that it is about: samples from the start of the stream."""


class PosteriorStream:
    """The state of one audio stream before any decision. Not for two threads at once; the engine under it is."""

    level: float
    """Level of the last chunk in dBFS (0 is the level of a full-scale square wave), at least `LOWEST_LEVEL`."""
    samples: int
    """Samples accepted since the start or `reset`."""

    def __init__(self, engine: Engine, step_ms: float) -> None:
        """Open a stream on `engine` with a step of `step_ms`, rounded to whole frames, at least one."""
        spec = engine.manifest.frontend
        self._engine = engine
        self._frontend = StreamingFrontend(spec)
        self._window = engine.window_frames
        self._step = spec.hops_in(step_ms)
        # Features slide through a buffer of several windows, which is moved back only when it is full.
        self._buffer = np.zeros((4 * self._window + self._step, spec.features), np.int8)
        self.reset()

    @property
    def step_samples(self) -> int:
        """Samples from one step to the next."""
        return self._step * self._frontend.spec.hop_samples

    def reset(self) -> None:
        """Start over: the stream is as new, and begins as if silence (zeros) came before it."""
        spec = self._frontend.spec
        self.level, self.samples = LOWEST_LEVEL, 0
        self._finished = False
        self._frontend.reset()
        # The fewest zeros that make a frame and keep the frames' grid on sample 0; every frame of zeros is the same.
        hops = math.ceil(spec.window_samples / spec.hop_samples)
        silence = self._frontend.accept(np.zeros(hops * spec.hop_samples, np.int16))
        self._buffer[: self._window] = quantize(silence[:1], self._engine.interpreter.input)
        self._filled = self._window
        self._next_frame = len(silence) - hops  # where it starts, in hops from sample 0

    def accept(self, samples: NDArray[Any]) -> list[Step]:
        """Take the next samples and return the steps that they complete, in order.

        `samples`: (n,) int16, or float32 / float64 in [-1, 1), at the front end's rate; n of 0 or more, of any length.
        Raises `AudioError` for other arrays (and has taken nothing of them) and after `finish`.
        """
        if self._finished:
            raise AudioError("expected no samples after finish(); call reset() to start a new stream")
        check_samples(samples)
        steps: list[Step] = []
        power = 0.0
        block = BLOCK_SECONDS * self._frontend.spec.sample_rate
        for at in range(0, len(samples), block):
            part = samples[at : at + block]
            self.samples += len(part)
            power += _energy(part)
            steps += self._process(part)
        if len(samples):
            self.level = max(LOWEST_LEVEL, 10 * math.log10(power / len(samples) + 1e-30))
        return steps

    def finish(self) -> list[Step]:
        """End the stream: hear half a window of silence, so that a word at the very end is not missed.

        Returns the last steps, which end up to half a window after the samples. A second call does nothing.
        """
        if self._finished:
            return []
        self._finished = True
        return self._process(np.zeros(self._engine.window_samples // 2, np.int16))

    def _process(self, samples: NDArray[Any]) -> list[Step]:
        features = quantize(self._frontend.accept(samples), self._engine.interpreter.input)
        steps, at = [], 0
        while at < len(features):
            take = min(self._step - self._next_frame % self._step, len(features) - at)
            self._append(features[at : at + take])
            at += take
            if self._next_frame % self._step == 0:
                steps.append(self._run())
        return steps

    def _append(self, frames: NDArray[np.int8]) -> None:
        if self._filled + len(frames) > len(self._buffer):
            self._buffer[: self._window] = self._buffer[self._filled - self._window : self._filled]
            self._filled = self._window
        self._buffer[self._filled : self._filled + len(frames)] = frames
        self._filled += len(frames)
        self._next_frame += len(frames)

    def _run(self) -> Step:
        spec = self._frontend.spec
        posterior = self._engine.posteriors_of_stored(self._buffer[self._filled - self._window : self._filled])
        return Step(posterior, (self._next_frame - 1) * spec.hop_samples + spec.window_samples)


def _energy(samples: NDArray[Any]) -> float:
    scale = 1 / 32768 if samples.dtype == np.int16 else 1.0
    wide = samples.astype(np.float64)
    # No np.dot: BLAS would wake its threads for it, which costs more CPU than all the rest of a long chunk.
    return float(np.add.reduce(wide * wide)) * scale * scale
