"""The phonemes of a text, as eSpeak NG would say it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

from edge_asr.data.phoneme_costs import LETTERS, STRESS, is_vowel
from edge_asr.data.voices.espeak_library import PHONEME_SEPARATOR, espeak_library
from edge_asr.errors import SynthesisError

Phonemes: TypeAlias = tuple[str, ...]
"""Each is a stress mark (vowels only, perhaps none), a letter of the IPA, and its other marks, for example `ˈɑː`."""

USUAL = {"en": "en-us", "zh": "cmn", "no": "nb", "sh": "hr", "fil": "en-us"}
"""The accent or voice of eSpeak for a language that names none."""
OFFGLIDES = {"ɪ": "j", "i": "j", "ø": "j", "ʊ": "w", "u": "w"}
"""How the second half of a diphthong counts: not as a syllable."""


def text_phonemes(texts: Sequence[str], language: str) -> tuple[Phonemes, ...]:
    """The phonemes of each text in `language` (a BCP 47 tag such as `en` or `en-gb`); about 20 µs a word.

    Raises `SynthesisError` when eSpeak is not installed or does not know the language.
    """
    with espeak_library() as espeak:
        return tuple(split_ipa(ipa) for ipa in espeak.phonemes(texts, voice_named(language, espeak.accents())))


def split_ipa(ipa: str) -> Phonemes:
    """The phonemes in eSpeak's own way of writing them; diphthongs become a vowel and a glide, affricates two consonants."""
    return tuple(phoneme for unit in ipa_units(ipa) for phoneme in _unit(unit))


def ipa_units(ipa: str) -> list[str]:
    """The phonemes with their marks as eSpeak counts them: a diphthong or an affricate is one."""
    return re.sub(r"\([^)]*\)", "", ipa).replace(PHONEME_SEPARATOR, " ").split()


@cache
def _unit(unit: str) -> Phonemes:
    """What stands between two separators: one phoneme, a diphthong, an affricate, a vowel with the r behind it."""
    stress = next((mark for mark in unit if mark in STRESS), "")
    spelled = "".join(c if c in LETTERS else unicodedata.normalize("NFD", c) for c in unit)
    phonemes: list[str] = []
    nucleus = False
    for letter, marks in re.findall(f"([{''.join(LETTERS)}])([^{''.join(LETTERS)}{STRESS}]*)", spelled):
        if not is_vowel(letter):
            phonemes.append(letter + marks)
        elif nucleus and letter in OFFGLIDES:
            phonemes.append(OFFGLIDES[letter])
        else:
            phonemes.append(("" if nucleus else stress) + letter + marks)
            nucleus = True
    return tuple(phonemes)


def voice_named(language: str, accents: dict[str, str]) -> str:
    """The name by which eSpeak, which has these `accents`, knows the voice of `language` (BCP 47). Raises `SynthesisError`."""
    wanted = USUAL.get(language.lower(), language.lower())
    files = {file.lower(): file for file in accents.values()}
    for found in (accents.get(wanted), files.get(wanted)):
        if found:
            return found
    for tag, file in sorted(accents.items()):
        if tag.startswith(wanted.partition("-")[0] + "-"):
            return file
    raise SynthesisError(f"espeak knows no language {language!r:.40}; it knows {', '.join(sorted(accents))}")
