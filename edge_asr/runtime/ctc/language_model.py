"""Back-off language models: n-grams in sorted arrays, scores as KenLM's (Heafield 2011).

An n-gram is found through its context's place in the next shorter list, by a (context, word) number: 16 bytes an n-gram, where a
dictionary takes two hundred.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

UNKNOWN, BEGIN, END = "<unk>", "<s>", "</s>"

LmState: TypeAlias = tuple[int, ...]
"""The last words, by number: as many as the model looks back at."""


@dataclass(frozen=True)
class Level:
    """The n-grams of one length."""

    keys: array[int]
    """Sorted: place of the context in the next shorter level, times the number of words, plus the last word."""
    log10: array[float]
    backoff: array[float]

    def find(self, key: int) -> int:
        """Place of `key`, or -1."""
        place = bisect_left(self.keys, key)
        return place if place < len(self.keys) and self.keys[place] == key else -1


class LanguageModel:
    """Probabilities of words after words."""

    def __init__(self, words: Mapping[str, int], levels: tuple[Level, ...]) -> None:
        """As `read_arpa` makes it: `<unk>` is word 0."""
        self._words, self._levels = words, levels
        self.start: LmState = (words[BEGIN],) if len(levels) > 1 else ()
        """The state at the beginning of a sentence."""

    @property
    def order(self) -> int:
        """The longest n-grams' length."""
        return len(self._levels)

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def __len__(self) -> int:
        return sum(len(level.keys) for level in self._levels)

    def spells_with(self, characters: frozenset[str]) -> bool:
        """Whether any of the words is made of these characters."""
        return any(characters.issuperset(word) for word in self._words if word not in (UNKNOWN, BEGIN, END))

    def score(self, state: LmState, word: str) -> tuple[float, LmState]:
        """log10 of the probability of `word` after `state`, and the state after it. Unknown words get `<unk>`'s."""
        number = self._words.get(word, 0)
        return self._score(state, number), (*state, number)[max(0, len(state) + 2 - self.order) :] if self.order > 1 else ()

    def end(self, state: LmState) -> float:
        """log10 of the probability that the sentence ends after `state`."""
        return self._score(state, self._words[END])

    def sentence(self, words: Sequence[str]) -> float:
        """log10 of the probability of the whole sentence, from its beginning to its end."""
        state, total = self.start, 0.0
        for word in words:
            log10, state = self.score(state, word)
            total += log10
        return total + self.end(state)

    def _score(self, context: LmState, word: int) -> float:
        weight = 0.0
        while context:
            place = self._place(context)
            if place >= 0:
                found = self._levels[len(context)].find(place * len(self._words) + word)
                if found >= 0:
                    return weight + self._levels[len(context)].log10[found]
                weight += self._levels[len(context) - 1].backoff[place]
            context = context[1:]
        return weight + self._levels[0].log10[word]

    def _place(self, words: LmState) -> int:
        place = words[0]
        for level, word in zip(self._levels[1:], words[1:]):
            place = level.find(place * len(self._words) + word)
            if place < 0:
                break
        return place
