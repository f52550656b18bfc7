"""When the tokens of the prefixes in a beam were heard.

A token's span is that of the largest flow of probability: it begins with the frame that brought more from the shorter prefix than
this one had, and ends with the last frame in which more of it lay in the token than in the blank behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_asr.runtime.ctc.words import BLANK_ID, TokenSpan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass
class Trace:
    """The spans of a prefix's tokens, the last one first."""

    span: TokenSpan
    before: Trace | None

    def spans(self) -> list[TokenSpan]:
        """In the order of time."""
        found, trace = [self.span], self.before
        while trace is not None:
            found.append(trace.span)
            trace = trace.before
        return found[::-1]

    def cut(self, length: int) -> None:
        """Forget all but the last `length` tokens, one at least."""
        trace = self
        for _ in range(length - 1):
            if trace.before is None:
                return
            trace = trace.before
        trace.before = None


@dataclass(frozen=True)
class Traces:
    """The traces of a beam; the last token of each prefix, whose span still changes, lies in arrays, (prefixes,).

    The empty prefix has `BLANK_ID` for its last token.
    """

    token: Ints
    start: Ints
    end: Ints
    peak: Floats
    before: tuple[Trace | None, ...]

    def __getitem__(self, entry: int) -> Trace | None:
        """The trace of a prefix; None of the empty one."""
        if self.token[entry] == BLANK_ID:
            return None
        return Trace(
            TokenSpan(int(self.token[entry]), int(self.start[entry]), int(self.end[entry]), float(self.peak[entry])),
            self.before[entry],
        )

    def select(self, entries: Ints) -> Traces:
        """Those of some of the prefixes."""
        before = tuple(self.before[entry] for entry in entries)
        return Traces(self.token[entries], self.start[entries], self.end[entries], self.peak[entries], before)

    def follow(self, time: int, log_prob: Floats, begins: NDArray[np.bool_], lasts: NDArray[np.bool_], parents: Ints) -> Traces:
        """After the frame `time`, which gave the tokens `log_prob`.

        `begins`: most of a prefix's probability came now from `parents`; `lasts` (wherever it begins, too): more of
        it lies in its last token than in the blank behind.
        """
        before = self.before
        if begins.any():
            before = tuple(self[parents[i]] if begins[i] else trace for i, trace in enumerate(before))
        return Traces(
            self.token,
            np.where(begins, time, self.start),
            np.where(lasts, time + 1, self.end),
            np.where(begins, log_prob, np.where(lasts, np.maximum(self.peak, log_prob), self.peak)),
            before,
        )

    def extend(self, time: int, tokens: Ints, log_prob: Floats, before: Iterable[Trace | None]) -> Traces:
        """With prefixes added that end with `tokens`, begun in the frame `time`."""
        return Traces(
            np.concatenate([self.token, tokens]),
            np.concatenate([self.start, np.full(len(tokens), time)]),
            np.concatenate([self.end, np.full(len(tokens), time + 1)]),
            np.concatenate([self.peak, log_prob]),
            (*self.before, *before),
        )

    def cut(self, lengths: Iterable[int]) -> Traces:
        """With all but the last tokens of each prefix forgotten; of which so many are left, 1 or more."""
        before: list[Trace | None] = []
        for trace, length in zip(self.before, lengths):
            if trace is not None and length > 1:
                trace.cut(length - 1)
            before.append(trace if length > 1 else None)
        return Traces(self.token, self.start, self.end, self.peak, tuple(before))
