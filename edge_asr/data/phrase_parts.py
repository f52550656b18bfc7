"""Parts of a phrase, and the phrase with a part changed: half a wake word must not wake."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from edge_asr.data.phoneme_costs import is_vowel
from edge_asr.data.phoneme_distance import distances, is_heard, make_lexicon, nearest_part
from edge_asr.data.phonemes import Phonemes, text_phonemes
from edge_asr.data.word_list import frequent_words

UNLIKE = 0.35
"""A piece of a word is kept where it is said as it is in the word: at most so much apart for each phoneme."""
REPLACEMENTS = range(200, 2200, 200)
"""Ranks of the frequent words that stand in for each word of the phrase."""
MOST_WORDS = 6
"""Of a longer phrase only runs of words are taken, not every choice of them."""


def phrase_parts(phrase: str, language: str, *, least: float = 0.0) -> tuple[str, ...]:
    """What a person may say of `phrase` without saying it, each text once, in a fixed order.

    Some of its words (each alone, one or more missing), beginnings and ends of a word that lack a syllable or more, alone
    and in the word's place, the words in reverse order, and one word exchanged for a frequent one. `least` is as
    for `near_misses`, and so are `DataError` and `SynthesisError`.
    """
    words = phrase.lower().split()
    texts = _some_of(words)
    for place, word in enumerate(words):
        pieces = _pieces(word, language)
        texts += [*pieces, *(_exchanged(words, place, piece) for piece in pieces)]
    if len(words) > 1:
        texts.append(" ".join(reversed(words)))
        listed = [word.text for word in frequent_words(language, max(REPLACEMENTS) + 500)]
        others = [listed[rank] for rank in REPLACEMENTS if rank < len(listed)]
        texts += [_exchanged(words, place, other) for place in range(len(words)) for other in others]
    texts = list(dict.fromkeys(texts))
    whole, *sounds = text_phonemes([phrase, *texts], language)
    far = distances(whole, make_lexicon(sounds))[:, -1] >= least * len(whole)
    return tuple(text for text, kept in zip(texts, far & ~is_heard(whole, sounds)) if kept)


def _some_of(words: Sequence[str]) -> list[str]:
    count = len(words)
    if count <= MOST_WORDS:
        return [" ".join(some) for size in range(1, count) for some in combinations(words, size)]
    return [" ".join(words[start : start + size]) for size in range(1, count) for start in range(count - size + 1)]


def _pieces(word: str, language: str) -> list[str]:
    """Beginnings and ends of `word` that are said like they are in it and lack at least one of its vowels."""
    shortest = 1 if word.upper() == word.lower() else 2  # a letter of an alphabet alone would be said by its name
    cuts = [word[:end] for end in range(shortest, len(word))] + [word[start:] for start in range(1, len(word) - shortest + 1)]
    whole, *sounds = text_phonemes([word, *cuts], language)
    kept: dict[Phonemes, str] = {}
    for cut, sound in zip(cuts, sounds):
        if len(sound) > 1 and _vowels(sound) < _vowels(whole):
            apart = float(nearest_part(sound, make_lexicon([whole]))[0])
            if apart <= UNLIKE * len(sound):
                kept.setdefault(sound, cut)
    return list(kept.values())


def _vowels(sound: Phonemes) -> int:
    return sum(is_vowel(phoneme) for phoneme in sound)


def _exchanged(words: Sequence[str], place: int, other: str) -> str:
    return " ".join([*words[:place], other, *words[place + 1 :]])
