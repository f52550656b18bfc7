"""Between the audio thread and its reader: bounded, never blocking the writer; when it is full the oldest goes."""

from __future__ import annotations

import threading
from collections import deque


class CaptureQueue:
    """Chunks of captured bytes, and a count of what was lost."""

    def __init__(self, chunks: int) -> None:
        """Hold at most that many chunks."""
        self._chunks: deque[bytes] = deque(maxlen=chunks)
        self._lost = 0
        self._filled = threading.Condition()

    def put(self, chunk: bytes, *, lost: int = 0) -> None:
        """Add a chunk, and `lost` bytes that the driver dropped before it. Called from the audio thread."""
        with self._filled:
            if len(self._chunks) == self._chunks.maxlen:
                lost += len(self._chunks[0])
            self._chunks.append(chunk)
            self._lost += lost
            self._filled.notify()

    def take(self, timeout: float) -> tuple[bytes, int]:
        """All that is there, waiting up to `timeout` seconds for it, and how many bytes were lost since the last call."""
        with self._filled:
            if not self._chunks:
                self._filled.wait(timeout)
            taken = b"".join(self._chunks), self._lost
            self._chunks.clear()
            self._lost = 0
        return taken
