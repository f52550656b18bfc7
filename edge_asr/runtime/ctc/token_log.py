"""Which tokens the paths of a search have said: a tree that is cut back to the paths that are still followed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROOT = -1
"""Before the first token."""
ENTRY = np.dtype([("before", "i4"), ("node", "i4"), ("start", "i4"), ("loss", "f8"), ("end_before", "i4"), ("peak_before", "f8")])
"""A token that a path begins: the entry of the token before; its node; its first frame; what the path had lost until then; and
of the token before, the frame after its last and its highest log probability, which are only known now."""


class TokenLog:
    """Entries in the order in which they were made: each comes after the one that it names as before it."""

    def __init__(self, least: int) -> None:
        """A log that wants to be cut back when it has `least` entries, and later at twice what was left."""
        self._least = self._limit = least
        self._used = 0
        self._entries = np.empty(least, ENTRY)

    @property
    def full(self) -> bool:
        """Whether `cut` is worth its time."""
        return self._used >= self._limit

    def add(self, entries: NDArray[np.void]) -> NDArray[np.int32]:
        """Append `entries` (n,) of `ENTRY`; their numbers."""
        end = self._used + len(entries)
        if end > len(self._entries):
            self._entries = np.concatenate([self._entries[: self._used], np.empty(max(end, self._used), ENTRY)])
        self._entries[self._used : end] = entries
        self._used = end
        return np.arange(end - len(entries), end, dtype=np.int32)

    def cut(self, *followed: NDArray[np.int32]) -> list[NDArray[np.int32]]:
        """Forget what no path in `followed` (arrays of entries or `ROOT`) has said; the arrays with their new numbers."""
        kept = np.zeros(self._used + 1, bool)  # the last one stands for ROOT
        fresh = np.unique(np.concatenate(followed))
        while len(fresh := fresh[~kept[fresh]]):
            kept[fresh] = True
            fresh = np.unique(np.append(self._entries["before"][fresh[fresh >= 0]], ROOT))
        numbers = np.append(np.cumsum(kept[:-1]) - 1, ROOT).astype(np.int32)
        entries = self._entries[: self._used][kept[:-1]]
        entries["before"] = numbers[entries["before"]]
        self._used, self._limit = len(entries), max(self._least, 2 * len(entries))
        self._entries = np.concatenate([entries, np.empty(self._limit, ENTRY)])
        return [numbers[array] for array in followed]

    def path(self, entry: int) -> NDArray[np.void]:
        """The entries of the path that ends with `entry`, the first token's first."""
        numbers = []
        while entry != ROOT:
            numbers.append(entry)
            entry = int(self._entries["before"][entry])
        path: NDArray[np.void] = self._entries[np.array(numbers[::-1], int)]
        return path
