"""What language model, bonus and hot words add to a whole sentence, token by token."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc import fusion
from edge_asr.runtime.ctc.fusion import CharacterFusion, Fusion, WordFusion
from edge_asr.runtime.ctc.hot_words import HotWords
from edge_asr.runtime.ctc.words import Spelling
from tests.runtime.ctc.sums import LETTERS, small_lm

WEIGHT, BONUS = 0.7, -0.25
WORDS = Spelling(("_blank_", "a", "b", "ab", "never"), "words", 0.08)
HOT = {"ab": 1.5, "a b": 2.0}


def added(fuse: Fusion, tokens: list[int]) -> float:
    state, score = fuse.start, 0.0
    for token in tokens:
        gains = fuse.gains(state)
        assert gains[0] == 0.0  # a blank adds nothing
        score += float(gains[token])
        state = fuse.step(state, token)
    return score + fuse.ending(state)


def expected(words: list[str]) -> float:
    boosts = 1.5 * words.count("ab") + 2.0 * sum(pair == ("a", "b") for pair in itertools.pairwise(words))
    return WEIGHT * math.log(10) * small_lm().sentence(words) + BONUS * len(words) + boosts


@pytest.mark.parametrize("text", ["", "a", "ab", "a b", "ab ab a b", " a  b ", "bab a", "b" * 120])
def test_letters_pay_by_the_word(text: str):
    fuse = CharacterFusion(LETTERS, small_lm(), WEIGHT, BONUS, HotWords(LETTERS, HOT))
    words = text.split()
    boost = 2.0 if text == " a  b " else 0.0  # two spaces part the phrase
    assert added(fuse, [LETTERS.tokens.index(c) for c in text]) == pytest.approx(expected(words) - boost, abs=1e-9)


@pytest.mark.parametrize("text", ["", "a", "ab", "a b", "ab ab a b", "never a b", "never never"])
def test_words_pay_at_once(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fusion, "ROWS_KEPT", 2)  # remembered rows go and come
    fuse = WordFusion(WORDS, small_lm(), WEIGHT, BONUS, HotWords(WORDS, HOT))
    for _ in range(2):
        assert added(fuse, [WORDS.tokens.index(word) for word in text.split()]) == pytest.approx(expected(text.split()), abs=1e-9)
        assert len(fuse._rows) <= 2


def test_a_word_without_end_is_not_remembered_whole():
    fuse = CharacterFusion(LETTERS, None, WEIGHT, BONUS, HotWords(LETTERS, {}))
    state = fuse.start
    for _ in range(1000):
        state = fuse.step(state, 2)
    assert state.word == "a" * fusion.LONGEST_WORD


def test_without_a_language_model():
    fuse = CharacterFusion(LETTERS, None, WEIGHT, BONUS, HotWords(LETTERS, {}))
    assert added(fuse, [2, 3, 1, 2]) == pytest.approx(2 * BONUS)
    assert not np.any(WordFusion(WORDS, None, WEIGHT, 0.0, HotWords(WORDS, {})).gains(fuse.start))


def test_gains_are_not_changed_by_words_that_are_complete():
    hot = HotWords(LETTERS, HOT)
    before = hot.gains.copy()
    added(CharacterFusion(LETTERS, small_lm(), WEIGHT, BONUS, hot), [2, 3, 1, 2, 1])
    np.testing.assert_array_equal(hot.gains, before)


@pytest.mark.parametrize(
    ("kind", "spelling", "says"),
    [
        (WordFusion, Spelling(("_blank_", "A", "B"), "words", 0.08), "model of the bundle's words, found none of them.*'A', 'B'"),
        (CharacterFusion, Spelling(("_blank_", " ", "A"), "characters", 0.08), "words of the bundle's characters, found none"),
    ],
)
def test_a_model_that_does_not_fit(kind: type[WordFusion], spelling: Spelling, says: str):
    with pytest.raises(ConfigError, match=says):
        kind(spelling, small_lm(), WEIGHT, BONUS, HotWords(spelling, {}))
