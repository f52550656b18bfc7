"""The streaming front end: the offline kernel behind a buffer of the samples that the next frame still needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.frontend.kernel import BLOCK_FRAMES, kernel_for
from edge_asr.frontend.pcm import check_samples
from edge_asr.frontend.spec import FrontendSpec


class StreamingFrontend:
    """Features of a signal that comes in chunks of any length, bit for bit those of `compute` on the whole signal."""

    def __init__(self, spec: FrontendSpec) -> None:
        self.spec = spec
        self._kernel = kernel_for(spec)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._rest = np.zeros(0)
        self._previous = 0.0

    def accept(self, chunk: NDArray[Any]) -> NDArray[np.float32]:
        """The frames that `chunk` completes, float32 (frames, features); often none, or several.

        `chunk`: (n,) int16 or float32 / float64 in [-1, 1) at `spec.sample_rate`, n of 0 or more. Raises `AudioError`, and
        then has taken nothing of the chunk.
        """
        check_samples(chunk)
        block = BLOCK_FRAMES * self.spec.hop_samples
        if len(chunk) <= block:
            return self._accept_block(chunk)
        return np.concatenate([self._accept_block(chunk[at : at + block]) for at in range(0, len(chunk), block)])

    def _accept_block(self, chunk: NDArray[Any]) -> NDArray[np.float32]:
        fresh, self._previous = self._kernel.condition(chunk, self._previous)
        samples = np.concatenate((self._rest, fresh)) if self._rest.size else fresh
        features = self._kernel.frames(samples)
        # A copy: a view would keep the whole chunk alive.
        self._rest = samples[len(features) * self.spec.hop_samples :].copy()
        return features
