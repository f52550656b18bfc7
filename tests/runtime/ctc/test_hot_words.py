"""Boosts: what is paid in the end is what stands in the text, however often the search changed its mind."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc.hot_words import HotWords
from edge_asr.runtime.ctc.words import Spelling

LETTERS = Spelling(("_blank_", " ", "a", "b"), "characters", 0.04)
UNPARTED = Spelling(("_blank_", "a", "b"), "characters", 0.04)
WORDS = Spelling(("_blank_", "one", "two", "three"), "words", 0.04)


def paid(hot: HotWords, spelling: Spelling, tokens: list[int]) -> float:
    state, score = hot.start, 0.0
    for token in tokens:
        score += float(hot.gains[state, token])
        state = hot.step(state, token)
    return score + (hot.boundary_gain(state) if spelling.unit == "characters" else -float(hot.credit[state]))


def worth(text: list[str], weights: dict[str, float]) -> float:
    """Of every place where a phrase stands."""
    phrases = {tuple(phrase.split()): weight for phrase, weight in weights.items()}
    return sum(
        weight for phrase, weight in phrases.items() for i in range(len(text)) if tuple(text[i : i + len(phrase)]) == phrase
    )


@pytest.mark.parametrize("weights", [{}, {"a": 1.0}, {"ab": 2.0, "a": 0.5, "aba": -1.0}, {"a b": 3.0, "b a b": 2.0, "b": 0.25}])
def test_letters(weights: dict[str, float]):
    hot, rng = HotWords(LETTERS, weights), np.random.default_rng(1)
    for length in range(12):
        for _ in range(20):
            tokens = rng.integers(1, 4, length).tolist()
            words = "".join(LETTERS.tokens[token] for token in tokens)
            if "  " in words or words.startswith(" "):
                continue  # two spaces part no phrase of several words: see the next test
            assert paid(hot, LETTERS, tokens) == pytest.approx(worth(words.split(), weights), abs=1e-9)


def test_two_spaces_interrupt_a_phrase():
    hot = HotWords(LETTERS, {"a b": 3.0, "a": 1.0})
    assert paid(hot, LETTERS, [2, 1, 1, 3]) == pytest.approx(1.0)
    assert paid(hot, LETTERS, [1, 2, 1, 3, 1]) == pytest.approx(4.0)


@pytest.mark.parametrize("weights", [{"one": 1.0}, {"one two": 2.0, "two one": 1.5, "one one two three": 5.0, "two": -0.5}])
def test_words(weights: dict[str, float]):
    hot, rng = HotWords(WORDS, weights), np.random.default_rng(2)
    for length in range(10):
        for _ in range(20):
            tokens = rng.integers(1, 4, length).tolist()
            assert paid(hot, WORDS, tokens) == pytest.approx(worth([WORDS.tokens[t] for t in tokens], weights), abs=1e-9)


def test_an_advance_is_given_and_taken_back():
    hot = HotWords(LETTERS, {"abba": 5.0})
    state, given = hot.start, []
    for token in (2, 3, 3, 3):
        given.append(float(hot.gains[state, token]))
        state = hot.step(state, token)
    assert given[:3] == pytest.approx([1.0, 1.0, 1.0])  # 5 for four letters and the end of the word
    assert given[3] == pytest.approx(-3.0)


def test_of_phrases_that_are_begun_together_the_largest_advance_counts():
    hot = HotWords(WORDS, {"one two three": 0.3, "two one": 5.0})
    one = hot.step(hot.start, 1)
    assert float(hot.gains[hot.start, 1]) == pytest.approx(0.1)
    assert float(hot.gains[one, 2]) == pytest.approx(2.5 - 0.1)  # "one two" of the first, "two" of the second
    shared = HotWords(LETTERS, {"abba": 5.0, "ab": 0.3, "aa": -9.0})
    assert float(shared.gains[shared.start, 2]) == pytest.approx(1.0)


def test_a_word_in_a_longer_one_is_not_said():
    hot = HotWords(LETTERS, {"ab": 5.0})
    assert paid(hot, LETTERS, [2, 3, 2]) == pytest.approx(0.0)  # "aba"
    assert paid(hot, LETTERS, [2, 2, 3]) == pytest.approx(0.0)  # "aab"


def test_blanks_add_nothing():
    assert not HotWords(LETTERS, {"ab": 5.0, "b a": 1.0}).gains[:, 0].any()


def test_tokens_without_a_space_make_one_word():
    hot = HotWords(UNPARTED, {"ab": 2.0})
    assert paid(hot, UNPARTED, [1, 2]) == pytest.approx(2.0)
    assert paid(hot, UNPARTED, [1, 2, 1]) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("spelling", "weights", "says"),
    [
        (LETTERS, {"abc": 1.0}, "'abc': expected characters of the bundle, which has no 'c'"),
        (WORDS, {"one four five": 1.0}, "expected words of the bundle, which has no 'five' and no 'four'"),
        (LETTERS, {"": 1.0}, "WORD:WEIGHT"),
        (LETTERS, {"a": math.nan}, "finite number"),
        (LETTERS, {"a": math.inf}, "finite number"),
        (UNPARTED, {"a b": 1.0}, "expected a single word"),
        (LETTERS, {"_blank_": 1.0}, "which has no"),
        (WORDS, {"_blank_": 1.0}, "which has no '_blank_'"),
        (LETTERS, {"a" * 30_000: 1.0}, "at most 20000 tokens"),
    ],
)
def test_mistakes(spelling: Spelling, weights: dict[str, float], says: str):
    with pytest.raises(ConfigError, match=says):
        HotWords(spelling, weights)
