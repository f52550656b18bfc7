"""Texts that sound close to a phrase: what a wake word must learn not to wake at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.phoneme_distance import Lexicon, distances, is_heard, make_lexicon
from edge_asr.data.phonemes import Phonemes, text_phonemes
from edge_asr.data.phrase_parts import phrase_parts
from edge_asr.data.sentences import other_sentences
from edge_asr.data.word_list import Word, frequent_words

__all__ = ["near_misses", "other_sentences", "phrase_parts"]

SINGLE_WORDS = 50_000
"""Most frequent words of the language, tried alone; and how many of them, tried together."""
JOINED_WORDS = 15_000
CHOICES, BEAM = 60, 400
"""Words for each stretch of the phrase, and beginnings that are gone on from at each phoneme."""
SHARE_OF_ONE_WORD = 0.1
"""Of the texts, at most: else half of them would be one word with changing neighbours."""


class _Text(NamedTuple):
    """Words that may sound like the phrase, and how far they are from it."""

    cost: float
    words: tuple[Word, ...]

    @property
    def sounds(self) -> Phonemes:
        return tuple(phoneme for word in self.words for phoneme in word.phonemes)


class _Beginning(NamedTuple):
    """Words, by their places in the list, that together sound like the phrase up to some phoneme."""

    cost: float
    words: tuple[int, ...]


def near_misses(phrase: str, language: str, count: int, *, least: float = 0.0) -> tuple[str, ...]:
    """`count` texts (fewer where there are no more) that sound close to `phrase`, the nearest first.

    Single words, two and more words (up to one more than the phrase has), and the phrase with its first, its second, and
    each further word exchanged, in equal shares. Words are the language's frequent ones; what is heard as the phrase or
    holds it is left aside, and of words that sound the same only the most frequent is taken. The same arguments give the
    same texts. `least`: nothing nearer is taken than so much for each phoneme of the phrase. Takes some seconds. Raises
    `DataError` when there is no word list of the language, `SynthesisError` as `text_phonemes`.
    """
    own = phrase.lower().split()
    target, *sounds = text_phonemes([phrase, *own], language)
    words = _distinct(frequent_words(language, SINGLE_WORDS))
    lexicon = make_lexicon([word.phonemes for word in words])
    few = make_lexicon([word.phonemes for word in words[:JOINED_WORDS]])
    joined = _joined(target, few, max(2, len(own) + 1))
    kinds = [_alone(target, words, lexicon, count)]
    if len(own) > 1:
        kinds += _one_exchanged([Word(text, 0.0, sound) for text, sound in zip(own, sounds)], words, lexicon, count)
    kinds.append([_Text(cost, tuple(words[place] for place in places)) for cost, places in joined])
    kinds = [[text for text in kind if text.cost >= least * len(target)] for kind in kinds]
    chosen: dict[Phonemes, _Text] = {}
    for left, kind in zip(range(len(kinds), 0, -1), kinds):
        chosen |= _choose(target, [text for text in kind if text.sounds not in chosen], (count - len(chosen)) // left, own)
    return tuple(" ".join(word.text for word in text.words) for text in sorted(chosen.values()))


def _alone(target: Phonemes, words: Sequence[Word], lexicon: Lexicon, count: int) -> list[_Text]:
    """The nearest single words, with some to spare."""
    costs = distances(target, lexicon)[:, -1]
    return [_Text(float(costs[i]), (words[i],)) for i in np.argsort(costs, kind="stable")[: 4 * count]]


def _one_exchanged(own: Sequence[Word], words: Sequence[Word], lexicon: Lexicon, count: int) -> Iterator[list[_Text]]:
    """For each word of the phrase, the phrase with other words in its place that sound like it."""
    for place, word in enumerate(own):
        others = _alone(word.phonemes, words, lexicon, count)
        yield [_Text(other.cost, (*own[:place], *other.words, *own[place + 1 :])) for other in others]


def _distinct(words: Sequence[Word]) -> list[Word]:
    """The most frequent of the words that sound the same."""
    return list({word.phonemes: word for word in reversed(words)}.values())[::-1]


def _joined(target: Phonemes, lexicon: Lexicon, most: int) -> Iterator[_Beginning]:
    """Two to `most` words whose sounds, one after the other, are near the target: a beam search over its phonemes."""
    size = len(target)
    best = [_nearest(distances(target[start:], lexicon)) for start in range(size)]
    beams = [[] if end == 0 else [_Beginning(float(c), (int(w),)) for c, w in zip(*best[0][end])] for end in range(size + 1)]
    for _ in range(most - 1):
        grown: list[list[_Beginning]] = [[] for _ in range(size + 1)]
        for start in range(1, size):
            for length in range(1, size - start + 1):
                grown[start + length] += _extend(beams[start], *best[start][length])
        beams = [sorted(beam)[:BEAM] for beam in grown]
        yield from beams[size]


def _nearest(ends: NDArray[np.float32]) -> list[tuple[NDArray[np.float32], NDArray[np.intp]]]:
    """For each length of a stretch, the distances of the words that are nearest to it, and which words they are."""
    order = np.argsort(ends, axis=0, kind="stable")[:CHOICES]
    return [(ends[order[:, length], length], order[:, length]) for length in range(ends.shape[1])]


def _extend(beam: Sequence[_Beginning], costs: NDArray[np.float32], words: NDArray[np.intp]) -> list[_Beginning]:
    """The best of all beginnings with one more word."""
    if not beam:
        return []
    total = np.array([beginning.cost for beginning in beam])[:, None] + costs
    best = np.argsort(total, axis=None, kind="stable")[:BEAM]
    return [_Beginning(float(total.flat[i]), (*beam[int(i) // len(words)].words, int(words[int(i) % len(words)]))) for i in best]


def _choose(target: Phonemes, texts: Sequence[_Text], count: int, own: Sequence[str]) -> dict[Phonemes, _Text]:
    """The nearest that are not the phrase, each sound once, and no word but the phrase's own in more than its share."""
    heard = is_heard(target, [text.sounds for text in texts])
    chosen: dict[Phonemes, _Text] = {}
    uses: Counter[str] = Counter()
    for text in sorted(text for text, same in zip(texts, heard) if not same):
        if len(chosen) == count:
            break
        names = [word.text for word in text.words if word.text not in own]
        if text.sounds not in chosen and all(uses[name] < max(2, SHARE_OF_ONE_WORD * count) for name in names):
            chosen[text.sounds] = text
            uses.update(names)
    return chosen
