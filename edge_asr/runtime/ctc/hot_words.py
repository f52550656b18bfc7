"""Boosts of words and phrases: an automaton over tokens (Aho & Corasick, CACM 1975) that pays for each phrase that is said.

While a phrase is only begun, the part of its boost that fits the tokens so far is given in advance, so that the beam does
not lose it; what does not come to its end gives its advance back. Each phrase counts wherever it occurs, also inside of another
one (both are paid). Negative weights make phrases less likely, without an advance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc.words import SPACE, Spelling

MOST_STATES = 20_000
"""Tokens of all hot words together; 30 characters make tables of 10 MB then."""


class HotWords:
    """Tables over (state, token). The last column is the boundary of a word where the tokens have no space.

    Attributes:
        start: the state before the first token.
        gains: (states, tokens + 1) float64, what each token adds to the score; natural logarithms, 0 for blank.
        credit: (states,) float64, the advance that has been given.
    """

    def __init__(self, spelling: Spelling, weights: Mapping[str, float]) -> None:
        """Boost the phrases of `weights` (words parted by spaces) by their weights, natural logarithms a phrase.

        Raises `ConfigError` for a phrase that the tokens can't spell, an empty one, and a weight that is not finite.
        """
        width = len(spelling.tokens) + 1
        self._boundary = spelling.space if spelling.space >= 0 else width - 1
        patterns = {_pattern(phrase, weight, spelling, self._boundary): weight for phrase, weight in weights.items()}
        children, paid, credit = _trie(patterns, spelling.unit == "characters")
        self._next = np.zeros((len(children), width), np.int32)
        self.credit, self._paid = np.array(credit), np.array(paid)
        self._link(children)
        self.gains: NDArray[np.float64] = self._paid[self._next] + self.credit[self._next] - self.credit[:, None]
        self.gains[:, 0] = 0.0
        self.start = self.step(0, self._boundary) if spelling.unit == "characters" else 0

    def step(self, state: int, token: int) -> int:
        """The state after `token`."""
        return int(self._next[state, token])

    def boundary_gain(self, state: int) -> float:
        """What the end of the text adds: the boosts of phrases that end there, less every advance."""
        return float(self._paid[self._next[state, self._boundary]] - self.credit[state])

    def _link(self, children: Sequence[Mapping[int, int]]) -> None:
        """Where to go on from each state, breadth first: from the longest end of what was read that begins a phrase."""
        queue = [(0, 0)]
        for state, shorter in queue:  # grows while it is read
            if state:
                self._next[state] = self._next[shorter]
                self._paid[state] += self._paid[shorter]
                self.credit[state] = max(self.credit[state], self.credit[shorter])
            for token, child in children[state].items():
                queue.append((child, int(self._next[shorter, token]) if state else 0))
                self._next[state, token] = child


def _pattern(phrase: str, weight: float, spelling: Spelling, boundary: int) -> tuple[int, ...]:
    words = phrase.split()
    if not words or not math.isfinite(weight):
        raise ConfigError(f"hot word: expected WORD:WEIGHT with a finite number, found {phrase!r:.80} with {weight:g}")
    if len(words) > 1 and spelling.unit == "characters" and spelling.space < 0:
        raise ConfigError(f"hot word {phrase!r:.80}: expected a single word, because the bundle has no token that parts words")
    ids = {token: i for i, token in enumerate(spelling.tokens) if i}
    symbols = words if spelling.unit != "characters" else [c for c in SPACE.join(words) if c != SPACE or spelling.space >= 0]
    missing = sorted({symbol for symbol in symbols if symbol not in ids})
    if missing:
        raise ConfigError(
            f"hot word {phrase!r:.80}: expected {spelling.unit} of the bundle, which has no {' and no '.join(map(repr, missing))}"
        )
    pattern = tuple(ids[symbol] for symbol in symbols)
    return pattern if spelling.unit != "characters" else (boundary, *pattern, boundary)


def _trie(patterns: Mapping[tuple[int, ...], float], bounded: bool) -> tuple[list[dict[int, int]], list[float], list[float]]:
    """Of each node its children, what is paid on arrival, and the advance. `bounded`: a phrase's first token is worth none."""
    children: list[dict[int, int]] = [{}]
    paid, credit = [0.0], [0.0]
    for pattern, weight in patterns.items():
        node = 0
        for position, token in enumerate(pattern, start=1):
            if token not in children[node]:
                if len(children) >= MOST_STATES:
                    raise ConfigError(f"hot words: expected at most {MOST_STATES} tokens in all of them, found more")
                children[node][token] = len(children)
                children.append({})
                paid.append(0.0)
                credit.append(0.0)
            node = children[node][token]
            if position < len(pattern):
                credit[node] = max(credit[node], weight * (position - bounded) / (len(pattern) - bounded))
        paid[node] += weight
    return children, paid, credit
