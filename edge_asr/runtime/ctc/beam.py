"""The arithmetic of prefix beam search: one frame of log probabilities, a beam of prefixes (Graves 2006; Hannun et al. 2014).

The probability of a prefix is the sum over all its alignments, kept in two parts: those that end with blank and those that end
with its last token. What depends on the prefix alone (`fusion`) is kept apart, so the sums stay those of the network.
"""

from __future__ import annotations

import numpy as np

from edge_asr.runtime.ctc.fusion import Fusion
from edge_asr.runtime.ctc.prefix import Prefix, PrefixTree
from edge_asr.runtime.ctc.trace import Floats, Ints, Trace, Traces
from edge_asr.runtime.ctc.words import BLANK_ID


class Beam:
    """The prefixes that are held, in no order. Arrays have one item a prefix."""

    def __init__(self, fusion: Fusion, width: int, floor: float) -> None:
        """Hold at most `width` prefixes; a token starts none in a frame that gives it a lower log probability than `floor`."""
        self._fusion, self._width, self._floor = fusion, width, floor
        self._tree = PrefixTree()
        self.prefixes: list[Prefix] = [Prefix(None, BLANK_ID, 0, fusion.start)]
        self.bonus = np.zeros(1)
        """What fusion added to each prefix."""
        self._blank, self._label = np.zeros(1), np.full(1, -np.inf)
        none = np.full(1, BLANK_ID, np.int64)
        self._traces = Traces(none, none, none, np.zeros(1), (None,))
        self._gains = fusion.gains(fusion.start)[None]
        self._relate()

    @property
    def log_probs(self) -> Floats:
        """The network's log probability of each prefix: that the frames so far say just this."""
        return np.asarray(np.logaddexp(self._blank, self._label))

    def trace(self, entry: int) -> Trace | None:
        """The tokens of a prefix with their spans, back to where they were cut; None of the empty prefix."""
        return self._traces[entry]

    def cut(self, root: Prefix) -> None:
        """Forget what was before `root`, from which all prefixes grew."""
        self._traces = self._traces.cut(prefix.depth - root.depth for prefix in self.prefixes)
        self._tree.cut(root)

    def keep(self, entries: Ints) -> None:
        """Drop all other prefixes."""
        self._select(entries)
        self._relate()

    def step(self, frame: Floats, time: int) -> None:
        """Take a frame, (tokens,) log probabilities, the `time`-th of the stream."""
        total, last = self.log_probs, frame[self._traces.token]
        arriving = np.full(len(total), -np.inf)
        # A token that follows itself is a new one only behind a blank.
        arriving[self._child] = np.where(self._doubled, self._blank[self._parent], total[self._parent])
        arriving += last
        staying, blank = self._label + last, total + frame[BLANK_ID]
        tokens = np.flatnonzero(frame >= min(self._floor, frame.max()))
        tokens = tokens[tokens != BLANK_ID]
        growing = np.where(self._traces.token[:, None] == tokens, self._blank[:, None], total[:, None]) + frame[tokens]
        growing[self._held[:, tokens]] = -np.inf  # they arrive at a prefix that is there
        self._blank, self._label = blank, np.logaddexp(staying, arriving)
        older = self._traces
        self._traces = older.follow(time, last, arriving > np.logaddexp(staying, blank), self._label > blank, self._parents)
        if len(tokens):
            self._choose(growing, tokens, older, frame, time)

    def _choose(self, growing: Floats, tokens: Ints, older: Traces, frame: Floats, time: int) -> None:
        """Keep the best of the prefixes and of what grew from them: `growing`, (prefixes, tokens) log probabilities."""
        count = len(self.prefixes)
        bonus = np.concatenate([self.bonus, (self.bonus[:, None] + self._gains[:, tokens]).ravel()])
        rank = np.concatenate([self.log_probs, growing.ravel()]) + bonus
        best = np.argsort(-rank, kind="stable")[: self._width]
        best = best[rank[best] > -np.inf]
        kept, grown = best[best < count], best[best >= count] - count
        if len(kept) == count and not len(grown):
            return
        parents, token = np.divmod(grown, len(tokens))
        token = tokens[token]
        children = [self._grown(self.prefixes[parent], int(last)) for parent, last in zip(parents, token)]
        before = [older[parent] for parent in parents]
        self._select(kept)
        self.prefixes += children
        self._traces = self._traces.extend(time, token, frame[token], before)
        self.bonus = np.concatenate([self.bonus, bonus[count:][grown]])
        self._blank = np.concatenate([self._blank, np.full(len(grown), -np.inf)])
        self._label = np.concatenate([self._label, growing.ravel()[grown]])
        self._gains = np.concatenate([self._gains, *(self._fusion.gains(child.state)[None] for child in children)])
        self._relate()

    def _grown(self, prefix: Prefix, token: int) -> Prefix:
        return self._tree.find(prefix, token) or self._tree.add(prefix, token, self._fusion.step(prefix.state, token))

    def _select(self, entries: Ints) -> None:
        self.prefixes = [self.prefixes[entry] for entry in entries]
        self._traces = self._traces.select(entries)
        self.bonus, self._gains = self.bonus[entries], self._gains[entries]
        self._blank, self._label = self._blank[entries], self._label[entries]

    def _relate(self) -> None:
        """Which prefixes are one token longer than one that is held too."""
        place: dict[Prefix | None, int] = {prefix: entry for entry, prefix in enumerate(self.prefixes)}
        self._parents = np.array([place.get(prefix.parent, -1) for prefix in self.prefixes], np.int64)
        self._child = np.flatnonzero(self._parents >= 0)
        self._parent = self._parents[self._child]
        last = self._traces.token
        self._doubled = last[self._child] == last[self._parent]
        self._held = np.zeros(self._gains.shape, bool)
        self._held[self._parent, last[self._child]] = True
