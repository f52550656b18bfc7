"""The streaming front end: the offline kernel behind a buffer of the samples that the next frames still need."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.frontend.kernel import kernel_for
from edge_asr.frontend.pcm import check_samples
from edge_asr.frontend.spec import FrontendSpec

BLOCK_FRAMES = 128
"""Long chunks are worked through in blocks of about so many frames, which fit a processor's cache."""


class StreamingFrontend:
    """Features of a signal that comes in chunks of any length, bit for bit those of `compute` on the whole signal."""

    def __init__(self, spec: FrontendSpec, *, step: int = 1) -> None:
        """Give frames in groups of `step`, each when the last of them is complete: few large calls cost less than many."""
        self.spec, self.step = spec, step
        self._kernel = kernel_for(spec)
        self._buffer = np.empty(spec.samples_for(step * -(-BLOCK_FRAMES // step)))
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._filled = 0
        self._previous = 0.0

    def accept(self, chunk: NDArray[Any]) -> NDArray[np.float32]:
        """The frames that `chunk` completes, float32 (frames, features), of a whole number of groups; often none.

        `chunk`: (n,) int16 or float32 / float64 in [-1, 1) at `spec.sample_rate`, n of 0 or more. Raises `AudioError`, and
        then has taken nothing of the chunk.
        """
        check_samples(chunk)
        parts: list[NDArray[np.float32]] = []
        at = 0
        while not parts or at < len(chunk):
            room = len(self._buffer) - self._filled
            parts.append(self._accept_block(chunk[at : at + room]))
            at += room
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _accept_block(self, chunk: NDArray[Any]) -> NDArray[np.float32]:
        start, self._filled = self._filled, self._filled + len(chunk)
        self._previous = self._kernel.condition(chunk, self._previous, self._buffer[start : self._filled])
        count = self.spec.frames_in(self._filled) // self.step * self.step
        if not count:
            return np.zeros((0, self.spec.features), np.float32)
        features = self._kernel.frames(self._buffer[: self.spec.samples_for(count)])
        used = count * self.spec.hop_samples
        self._filled -= used
        self._buffer[: self._filled] = self._buffer[used : used + self._filled]
        return features
