"""Words as the phonemes that a network writes: eSpeak NG's, without stress and length, in one broad way for all accents."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from edge_asr.data.phoneme_costs import STRESS
from edge_asr.data.phonemes import ipa_units, voice_named
from edge_asr.data.voices.espeak_library import espeak_library
from edge_asr.data.word_list import frequent_words
from edge_asr.runtime.grammar import Grammar, Pronunciation

MARKS = {*STRESS, "ː", "ˑ"}
"""Stress and length, which differ from voice to voice."""
SAME: dict[str, dict[str, str]] = {
    "en": {"ɾ": "t", "ʔ": "t", "ᵻ": "ɪ", "ɐ": "ə", "iə": "ɪ", "n̩": "ə n", "əl": "ə l", "aɪɚ": "aɪ ɚ", "aɪə": "aɪ ə"},
}
"""Of a language: what some speakers make of another phoneme or of two."""
WEAK = {"en": {"a": ("ə",)}}
"""Small words that eSpeak says otherwise where they stand alone."""
VOCABULARY = 5000
"""Most frequent words, which tell a language's phonemes."""
RAREST = 0.001
"""Of the words: rarer phonemes are those of foreign names."""


def pronunciations(words: Iterable[str], language: str) -> dict[str, tuple[str, ...]]:
    """The phonemes of each word in `language` (BCP 47), one way for each, whatever stands beside it; about 20 µs a word.

    A word without a sound has none. Raises `SynthesisError` when eSpeak is not installed or does not know the language.
    """
    tag, listed = _tag(language), sorted(set(words))
    with espeak_library() as espeak:
        spoken = espeak.phonemes(listed, voice_named(language, espeak.accents()))
    return {word: WEAK.get(tag, {}).get(word) or _broad(ipa, tag) for word, ipa in zip(listed, spoken)}


@lru_cache(maxsize=4)
def phonemes_of(language: str) -> tuple[str, ...]:
    """The phonemes of a language's frequent words, sorted. Raises `DataError` as `frequent_words`, and as `pronunciations`."""
    words = [word.text for word in frequent_words(language, VOCABULARY)]
    said = Counter(phoneme for phonemes in pronunciations(words, language).values() for phoneme in set(phonemes))
    return tuple(sorted(phoneme for phoneme, count in said.items() if count > RAREST * len(words)))


def pronounced(grammar: Grammar) -> Grammar:
    """`grammar` with the pronunciation of each word that has none.

    Raises `ConfigError` for a word without a sound, and as `pronunciations`.
    """
    known = {one.word for one in grammar.pronunciations}
    found = pronunciations([word for word in grammar.words if word not in known], grammar.language)
    return replace(grammar, pronunciations=(*grammar.pronunciations, *(Pronunciation(*one) for one in found.items())))


def _broad(ipa: str, tag: str) -> tuple[str, ...]:
    same = SAME.get(tag, {})
    plain = ("".join(mark for mark in unicodedata.normalize("NFC", unit) if mark not in MARKS) for unit in ipa_units(ipa))
    return tuple(phoneme for unit in plain for phoneme in same.get(unit, unit).split())


def _tag(language: str) -> str:
    return language.lower().partition("-")[0]
