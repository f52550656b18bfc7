"""What is added to the network's log probability of a prefix: a language model, a bonus a word, boosts of hot words.

All of it depends on the prefix alone, not on its alignment, so that adding it leaves the sum over alignments exact
("shallow fusion"; Hannun et al. 2014, arXiv 1408.2873). Natural logarithms.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc.hot_words import HotWords
from edge_asr.runtime.ctc.language_model import LanguageModel, LmState
from edge_asr.runtime.ctc.words import BLANK_ID, Spelling

LN10 = math.log(10.0)
ROWS_KEPT = 1024
"""Rows of gains that are remembered, by state of the language model; older ones go all at once."""
LONGEST_WORD = 100
"""Characters of a word that are remembered; no language model knows a longer one."""


class FusionState(NamedTuple):
    """What a prefix's extensions depend on."""

    lm: LmState
    word: str
    """Of characters: the word that is not complete yet."""
    hot: int


class Fusion(Protocol):
    """How the score of a prefix grows with its tokens."""

    start: FusionState

    def gains(self, state: FusionState) -> NDArray[np.float64]:
        """What each token would add, (tokens,); not to be changed."""

    def step(self, state: FusionState, token: int) -> FusionState:
        """The state of the prefix that has `token` at its end."""

    def ending(self, state: FusionState) -> float:
        """What is added when no token follows."""


class WordFusion:
    """Tokens are words: each pays the language model, the bonus and its boost at once."""

    def __init__(self, spelling: Spelling, lm: LanguageModel | None, lm_weight: float, word_bonus: float, hot: HotWords) -> None:
        """Raises `ConfigError` when the language model knows none of the tokens."""
        self._tokens, self._lm, self._weight, self._bonus, self._hot = spelling.tokens, lm, lm_weight * LN10, word_bonus, hot
        if lm is not None and not any(token in lm for token in self._tokens[1:]):
            raise ConfigError(f"expected a language model of the bundle's words, found none of them in it: {_some(self._tokens)}")
        self._rows: dict[LmState, NDArray[np.float64]] = {}
        self.start = FusionState(lm.start if lm else (), "", hot.start)

    def gains(self, state: FusionState) -> NDArray[np.float64]:
        """What each token would add, (tokens,)."""
        row = self._rows.get(state.lm)
        if row is None:
            if len(self._rows) >= ROWS_KEPT:
                self._rows.clear()
            row = self._rows[state.lm] = self._row(state.lm)
        return row + self._hot.gains[state.hot, : len(row)]

    def step(self, state: FusionState, token: int) -> FusionState:
        """The state after the word `token`."""
        lm = self._lm.score(state.lm, self._tokens[token])[1] if self._lm else ()
        return FusionState(lm, "", self._hot.step(state.hot, token))

    def ending(self, state: FusionState) -> float:
        """The end of the sentence; boosts of phrases that did not come to their end are taken back."""
        return _end_of_sentence(self._lm, state.lm, self._weight) - float(self._hot.credit[state.hot])

    def _row(self, lm_state: LmState) -> NDArray[np.float64]:
        row = np.full(len(self._tokens), self._bonus)
        row[BLANK_ID] = 0.0
        if self._lm:
            row[1:] += [self._weight * self._lm.score(lm_state, token)[0] for token in self._tokens[1:]]
        return row


class CharacterFusion:
    """Tokens are characters: a word pays when the space behind it comes, or the end."""

    def __init__(self, spelling: Spelling, lm: LanguageModel | None, lm_weight: float, word_bonus: float, hot: HotWords) -> None:
        """Raises `ConfigError` when no word of the language model can be spelt with the tokens."""
        self._tokens, self._lm, self._weight, self._bonus, self._hot = spelling.tokens, lm, lm_weight * LN10, word_bonus, hot
        if lm is not None and not lm.spells_with(frozenset(self._tokens[1:])):
            raise ConfigError(f"expected a language model of words of the bundle's characters, found none: {_some(self._tokens)}")
        self._space = spelling.space
        self.start = FusionState(lm.start if lm else (), "", hot.start)

    def gains(self, state: FusionState) -> NDArray[np.float64]:
        """What each token would add, (tokens,)."""
        row = self._hot.gains[state.hot, : len(self._tokens)].copy()
        if self._space >= 0:
            row[self._space] += self._complete(state)[0]
        return row

    def step(self, state: FusionState, token: int) -> FusionState:
        """The state after the character `token`."""
        hot = self._hot.step(state.hot, token)
        if token == self._space:
            return FusionState(self._complete(state)[1], "", hot)
        return FusionState(state.lm, (state.word + self._tokens[token])[:LONGEST_WORD], hot)

    def ending(self, state: FusionState) -> float:
        """The last word and the end of the sentence; boosts of words that were only begun are taken back."""
        gain, lm = self._complete(state)
        return gain + _end_of_sentence(self._lm, lm, self._weight) + self._hot.boundary_gain(state.hot)

    def _complete(self, state: FusionState) -> tuple[float, LmState]:
        if not state.word:  # spaces at the start, or several
            return 0.0, state.lm
        if self._lm is None:
            return self._bonus, state.lm
        log10, lm = self._lm.score(state.lm, state.word)
        return self._weight * log10 + self._bonus, lm


def _end_of_sentence(lm: LanguageModel | None, state: LmState, weight: float) -> float:
    return weight * lm.end(state) if lm else 0.0


def _some(tokens: tuple[str, ...]) -> str:
    return ", ".join(repr(token) for token in tokens[1:6])
