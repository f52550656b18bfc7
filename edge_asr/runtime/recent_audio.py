"""The last seconds of a stream, kept at next to no cost."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.frontend.pcm import as_float


class RecentAudio:
    """The newest samples of a stream as they came: at least `keep` of them, and at most one chunk more."""

    def __init__(self, keep: int) -> None:
        """Keep at least so many samples."""
        self._keep = keep
        self._chunks: deque[NDArray[Any]] = deque()
        self.end, self._begin = 0, 0
        """Samples from the start of the stream: after the newest, and the oldest that is kept."""

    def append(self, samples: NDArray[Any]) -> None:
        """Take the next samples, (n,) int16 or float in [-1, 1)."""
        if not len(samples):
            return  # a silent source gives these for days
        self._chunks.append(samples.copy())  # a source may use its buffer again
        self.end += len(samples)
        while self.end - self._begin - len(self._chunks[0]) >= self._keep:
            self._begin += len(self._chunks.popleft())

    def part(self, begin: int, end: int) -> NDArray[np.float64]:
        """Samples `begin` to `end` of the stream, as far as they are kept, float64 (n,) in [-1, 1)."""
        parts, at = [np.zeros(0)], self._begin
        for chunk in self._chunks:
            if at < end and begin < at + len(chunk):
                parts.append(as_float(chunk[max(0, begin - at) : end - at]))
            at += len(chunk)
        return np.concatenate(parts)
