"""The frequent words of a language, from wordfreq (Speer 2022, doi 10.5281/zenodo.7199437; data CC BY-SA 4.0)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from edge_asr.data.phonemes import Phonemes, text_phonemes
from edge_asr.errors import DataError

SAME_LIST = {"cmn": "zh", "yue": "zh", "no": "nb", "nn": "nb", "hr": "sh", "sr": "sh", "bs": "sh"}
"""Languages whose words wordfreq has under another tag."""
VERY_FREQUENT = 150
"""Words of two letters below this rank are taken for abbreviations, of one letter below the twentieth."""


@dataclass(frozen=True, order=True)
class Word:
    """A word, how often it is used, and how it sounds."""

    text: str
    frequency: float
    """Share of all words that are said or written."""
    phonemes: Phonemes


@lru_cache(maxsize=4)
def frequent_words(language: str, count: int) -> tuple[Word, ...]:
    """At most `count` words of `language` (a BCP 47 tag), the most frequent first, without abbreviations and the like.

    Raises `DataError` when there is no list of the language or wordfreq is not installed, `SynthesisError` as `text_phonemes`.
    """
    wordfreq = _wordfreq()
    tag = language.lower().partition("-")[0]
    tag, known = SAME_LIST.get(tag, tag), wordfreq.available_languages("best")
    if tag not in known:
        raise DataError(f"there is no list of the words of {language!r:.40}; there is one for {', '.join(sorted(known))}")
    frequencies = wordfreq.get_frequency_dict(tag, "best")
    ranked = wordfreq.top_n_list(tag, count, wordlist="best")
    texts = [text for rank, text in enumerate(ranked) if _is_word(text, rank)]
    spoken = zip(texts, text_phonemes(texts, language))
    return tuple(Word(text, frequencies[text], phonemes) for text, phonemes in spoken if phonemes)


def _is_word(text: str, rank: int) -> bool:
    if not text.replace("'", "").replace("’", "").isalpha():
        return False
    alphabetic = text.lower() != text.upper()
    if not alphabetic:
        return True
    latin = unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode()
    sayable = not latin or re.search("[aeiou]|(?<!^)y", latin) is not None
    return sayable and (len(text) > 2 or rank < (VERY_FREQUENT if len(text) == 2 else 20))


def _wordfreq() -> Any:
    try:
        import wordfreq
    except ImportError as err:
        raise DataError(f"word lists need wordfreq ({err}): pip install 'edge-asr[synth]'") from err
    return wordfreq
