"""One audio stream's samples to the frames of one step after another, as if silence came before them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import AudioError
from edge_asr.frontend.pcm import check_samples
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.frontend.streaming import StreamingFrontend

LOWEST_LEVEL = -120.0
"""dBFS of digital silence."""
BLOCK_SECONDS = 2
"""Long chunks are worked through in blocks of this length, so that an hour at once needs no more memory than this."""


class FeatureStream:
    """A front end with a beginning, an end and a level meter, which several models may share. Not for two threads at once."""

    level: float
    """Level of the last chunk in dBFS (0 is the level of a full-scale square wave), at least `LOWEST_LEVEL`."""
    samples: int
    """Samples accepted since the start or `reset`."""

    def __init__(self, spec: FrontendSpec, step_frames: int, first: int | None = None) -> None:
        """Give the frames of whole steps of `step_frames`.

        `first`: where the first of them begins, in hops from sample 0, at most 0; None: as `first_frame` says.
        """
        self._frontend = StreamingFrontend(spec, step=step_frames)
        begin = first_frame(spec, step_frames) if first is None else first
        self._silence = np.zeros(-begin * spec.hop_samples, np.int16)
        self.reset()

    def reset(self) -> None:
        """Start over: silence (zeros) comes before the first sample."""
        self.level, self.samples = LOWEST_LEVEL, 0
        self._finished = False
        self._frontend.reset()
        self._frontend.accept(self._silence)

    def accept(self, samples: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
        """The steps that the next samples complete: blocks of features, float32 (steps * step_frames, features), in order.

        `samples`: (n,) int16, or float32 / float64 in [-1, 1), at the front end's rate; n of 0 or more, of any length.
        Raises `AudioError` for other arrays (and has taken nothing of them) and after `finish`. Take all the blocks.
        """
        if self._finished:
            raise AudioError("expected no samples after finish(); call reset() to start a new stream")
        check_samples(samples)
        return self._blocks(samples)

    def finish(self, silence: int) -> NDArray[np.float32]:
        """End the stream with `silence` zeros: the features of the last steps; none when it has ended before."""
        tail = np.zeros(0 if self._finished else silence, np.int16)
        self._finished = True
        return self._frontend.accept(tail)

    def _blocks(self, samples: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
        power = 0.0
        block = BLOCK_SECONDS * self._frontend.spec.sample_rate
        for at in range(0, len(samples), block):
            part = samples[at : at + block]
            self.samples += len(part)
            power += _energy(part)
            features = self._frontend.accept(part)
            if len(features):
                yield features
        if len(samples):
            self.level = max(LOWEST_LEVEL, 10 * math.log10(power / len(samples) + 1e-30))


def first_frame(spec: FrontendSpec, step_frames: int) -> int:
    """Where the first frame of a stream's first step begins, in hops from sample 0; at most 0.

    Steps lie on a grid from sample 0 on, and the first one is the first with a frame that has heard more than silence. The
    earliest such frame begins `ceil(window / hop) - 1` hops before sample 0.
    """
    earliest = 1 - math.ceil(spec.window_samples / spec.hop_samples)
    return earliest // step_frames * step_frames


def _energy(samples: NDArray[Any]) -> float:
    scale = 1 / 32768 if samples.dtype == np.int16 else 1.0
    wide = samples.astype(np.float64)
    # No np.dot: BLAS would wake its threads for it, which costs more CPU than all the rest of a long chunk.
    return float(np.add.reduce(wide * wide)) * scale * scale
