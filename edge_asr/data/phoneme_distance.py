"""How far words sound apart: the weighted edit distance of their phonemes, of thousands of words at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.phoneme_costs import gap_cost, substitution_cost
from edge_asr.data.phonemes import Phonemes

HEARD_AS = 0.2
"""A vowel that accents differ in costs less (the last of "alexa" and "alexer"), another consonant or vowel more."""


@dataclass(frozen=True)
class Lexicon:
    """Words as arrays."""

    symbols: tuple[str, ...]
    """Every phoneme that occurs."""
    codes: NDArray[np.int16]
    """(words, longest): indices into `symbols`, zeros behind the end."""
    lengths: NDArray[np.int16]
    """(words,): phonemes."""


def make_lexicon(words: Sequence[Phonemes]) -> Lexicon:
    """The arrays of some words."""
    symbols = tuple(sorted({phoneme for word in words for phoneme in word}))
    index = {symbol: code for code, symbol in enumerate(symbols)}
    codes = np.zeros((len(words), max((len(word) for word in words), default=0)), np.int16)
    for row, word in zip(codes, words):
        row[: len(word)] = [index[phoneme] for phoneme in word]
    return Lexicon(symbols, codes, np.array([len(word) for word in words], np.int16))


def distances(target: Phonemes, lexicon: Lexicon) -> NDArray[np.float32]:
    """How far each word is from each beginning of `target`: (words, len(target) + 1), 0 for the same sounds.

    Levenshtein's distance with costs (Wagner and Fischer, JACM 1974), one step for all words at once.
    """
    ends = np.zeros((len(lexicon.lengths), len(target) + 1), np.float32)
    for length, row in enumerate(_rows(target, lexicon, anywhere=False)):
        done = lexicon.lengths == length
        ends[done] = row.T[done]
    return ends


def nearest_part(target: Phonemes, lexicon: Lexicon) -> NDArray[np.float32]:
    """How far `target` is from that part of each word that is nearest to it: (words,) (Sellers, J. Algorithms 1980).

    0 means that who says the word says the target, whatever comes before or after it.
    """
    nearest = np.full(len(lexicon.lengths), np.inf, np.float32)
    for length, row in enumerate(_rows(target, lexicon, anywhere=True)):
        np.minimum(nearest, np.where(length <= lexicon.lengths, row[-1], np.inf), out=nearest)
    return nearest


def is_heard(phrase: Phonemes, said: Sequence[Phonemes]) -> NDArray[np.bool_]:
    """(said,): whether who says this has said `phrase`, in other words or more of them ("computers", "a lexa")."""
    return nearest_part(phrase, make_lexicon(said)) <= HEARD_AS


def distance(one: Phonemes, other: Phonemes) -> float:
    """How far two sequences of phonemes are apart."""
    return float(distances(one, make_lexicon([other]))[0, -1])


def _rows(target: Phonemes, lexicon: Lexicon, *, anywhere: bool) -> list[NDArray[np.float32]]:
    """After 0, 1, 2, ... phonemes of every word, the distance to each beginning of `target`: (len(target) + 1, words).

    `anywhere`: what comes before the target in the word costs nothing.
    """
    count = len(lexicon.lengths)
    gaps = np.array([gap_cost(symbol) for symbol in lexicon.symbols], np.float32)
    costs = np.array([[substitution_cost(t, symbol) for symbol in lexicon.symbols] for t in target], np.float32)
    missed = np.cumsum([0.0, *(gap_cost(phoneme) for phoneme in target)], dtype=np.float32)
    rows = [np.repeat(missed[:, None], count, axis=1)]
    for codes in lexicon.codes.T:
        old, new = rows[-1], np.empty_like(rows[-1])
        added = gaps[codes]
        new[0] = 0.0 if anywhere else old[0] + added
        for i, phoneme in enumerate(target, start=1):
            np.minimum(old[i] + added, old[i - 1] + costs[i - 1][codes], out=new[i])
            np.minimum(new[i], new[i - 1] + gap_cost(phoneme), out=new[i])
        rows.append(new)
    return rows
