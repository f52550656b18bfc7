"""N-gram models of text with modified Kneser-Ney smoothing, interpolated (Chen & Goodman 1999).

Written here because no package does it well: KenLM's wheels read models and leave out its estimator `lmplz`, `arpabo` has one
fixed discount and back-off weights of 1 (its probabilities sum to about 2), nltk has one discount, and varikn has wheels for few
platforms. Details are those of `lmplz` (Heafield et al. 2013), whose numbers these are to six digits. Everything is counted in
arrays: a million words take a second and 300 MB. For hundreds of millions use `lmplz`, whose file serves as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import DataError
from edge_asr.runtime.ctc.arpa import MOST_ORDERS
from edge_asr.runtime.ctc.language_model import BEGIN, END, UNKNOWN

FALLBACK = (0.5, 1.0, 1.5)
"""Discounts of counts 1, 2 and more where the text is too small or too regular to estimate them; those of `lmplz`."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ngrams:
    """All n-grams of one length, sorted by context and word."""

    context: Ints
    """(n,) place of all but the last word among the n-grams that are one word shorter; 0 of single words."""
    word: Ints
    """(n,) number of the last word."""
    probability: Floats
    """(n,) of the word after the context; of `<s>`, which is never predicted, 0."""
    backoff: Floats
    """(n,) what the probabilities of the shorter context are multiplied with for words not seen after this n-gram."""


@dataclass(frozen=True)
class NgramModel:
    """Interpolated probabilities, as an ARPA file holds them."""

    words: tuple[str, ...]
    """`<unk>`, `<s>`, `</s>`, then the others, sorted."""
    levels: tuple[Ngrams, ...]
    """By length, from single words on."""
    discounts: tuple[tuple[float, float, float], ...]
    """Of each length, for counts 1, 2 and more."""
    fallbacks: tuple[int, ...]
    """Lengths whose discounts could not be estimated."""


@dataclass(frozen=True)
class _Counts:
    """The n-grams of one length in the text."""

    keys: Ints
    """Sorted: place of the context times the number of words, plus the last word."""
    raw: Ints
    """How often each stands in the text."""
    suffix: Ints
    """Place of all but the first word among the shorter n-grams."""


def estimate(sentences: Iterable[Sequence[str]], order: int) -> NgramModel:
    """The model of n-grams of up to `order` words of `sentences`, each of which begins after `<s>` and ends with `</s>`.

    Raises `DataError` when there is no word at all, one is a reserved mark, or the order is not 1 to 10.
    """
    if not 1 <= order <= MOST_ORDERS:
        raise DataError(f"expected an order of 1 to {MOST_ORDERS}, found {order}")
    words, text = _numbered(sentences)
    counted = _count(text, len(words), order)
    levels: list[Ngrams] = []
    discounts: list[tuple[float, float, float]] = []
    fallbacks: list[int] = []
    probability = np.full(len(words), 1.0 / (len(words) - 1))  # below single words: each alike, but for <s>
    for length, counts in enumerate(counted, start=1):
        adjusted = _adjusted(counts, counted[length] if length < order else None, length)
        found = _discounts(adjusted)
        if found is None:
            fallbacks.append(length)
        discounts.append(found or FALLBACK)
        context = counts.keys // len(words)
        below = probability[counts.suffix]
        probability, weight = _interpolate(adjusted, context, below, discounts[-1])
        if levels:
            levels[-1].backoff[: len(weight)] = np.where(weight > 0, weight, 1.0)
        levels.append(Ngrams(context, counts.keys % len(words), probability, np.ones(len(probability))))
    levels[0].probability[1] = 0.0
    return NgramModel(words, tuple(levels), tuple(discounts), tuple(fallbacks))


def _numbered(sentences: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], Ints]:
    """The words, and the text as their numbers."""
    lines = [(BEGIN, *sentence, END) for sentence in sentences if sentence]
    if not lines:
        raise DataError("expected text for a language model, found no word")
    marks = {UNKNOWN, BEGIN, END}
    known = {word for line in lines for word in line[1:-1]}
    if known & marks:
        raise DataError(f"expected words, found the reserved mark {min(known & marks)} in the text")
    words = (UNKNOWN, BEGIN, END, *sorted(known))
    numbers = {word: number for number, word in enumerate(words)}
    return words, np.array([numbers[word] for line in lines for word in line], np.int64)


def _count(text: Ints, words: int, order: int) -> list[_Counts]:
    """Single words are at the place of their number, also those that are not in the text."""
    single = np.bincount(text, minlength=words)
    counted = [_Counts(np.arange(words), single, np.arange(words))]
    place, inside = text, np.ones(len(text), bool)  # of the n-gram that ends here; it lies within one sentence
    for _ in range(1, order):
        ends = np.flatnonzero(inside[:-1] & (text[1:] != 1)) + 1
        keys, first, index, raw = np.unique(
            place[ends - 1] * words + text[ends], return_index=True, return_inverse=True, return_counts=True
        )
        counted.append(_Counts(keys, raw, place[ends[first]]))
        inside = np.zeros(len(text), bool)
        inside[ends] = True
        place = np.zeros(len(text), np.int64)
        place[ends] = index
    return counted


def _adjusted(counts: _Counts, longer: _Counts | None, length: int) -> Ints:
    """Kneser and Ney's counts: how many different words stand before an n-gram; of the longest ones, how often they occur.

    What begins a sentence has no word before it and counts as often as it occurs; `<s>` alone is never predicted.
    """
    if longer is None:
        adjusted = counts.raw.copy()
    else:
        before = np.bincount(longer.suffix, minlength=len(counts.keys))
        adjusted = np.where(before > 0, before, counts.raw)
    if length == 1:
        adjusted[1] = 0
    return adjusted


def _discounts(counts: Ints) -> tuple[float, float, float] | None:
    """Chen and Goodman's, from how many n-grams have counts 1 to 4; None when one is missing or they make no sense."""
    n1, n2, n3, n4 = (int(np.count_nonzero(counts == count)) for count in (1, 2, 3, 4))
    if not n1 * n2 * n3 * n4:
        return None
    y = n1 / (n1 + 2 * n2)
    found = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
    return found if all(0 <= discount <= count for count, discount in enumerate(found, start=1)) else None


def _interpolate(counts: Ints, context: Ints, below: Floats, discounts: tuple[float, float, float]) -> tuple[Floats, Floats]:
    """Probabilities of all n-grams of one length, and the weight of the shorter context in each of their contexts."""
    discount = np.array([0.0, *discounts])[np.minimum(counts, 3)]
    total = np.bincount(context, counts)
    weight = np.bincount(context, discount) / np.maximum(total, 1)
    return (counts - discount) / np.maximum(total, 1)[context] + weight[context] * below, weight
