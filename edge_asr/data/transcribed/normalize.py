"""Transcripts as people said them: small letters and single spaces, nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from edge_asr.data.alphabets import APOSTROPHE, alphabet_of
from edge_asr.data.transcribed.numbers import speak_numbers
from edge_asr.data.transcribed.rules import rules_of

APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ′‛＇`´", APOSTROPHE) | dict.fromkeys("™℠", " "))
"""Before NFKC, which makes ´ a space with an accent and ™ letters."""
MARKER = re.compile(r"<[^<>]*>|[\[({](?:noise|laughter|laughs|laughing|silence|music|cough|breath|applause|sic)[\])}]")
"""Remarks of transcribers. Other text in round and square brackets was read, as in LJSpeech."""
NOT_HEARD = re.compile(r"unk|unintelligible|inaudible|crosstalk")
LOOSE_APOSTROPHE = re.compile(rf"(?<![^\W\d_]){APOSTROPHE}|{APOSTROPHE}(?![^\W\d_])")
MINUS = re.compile(r"(?<!\S)[-−](?=\d)")
SPELT = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"}
"""Letters that are no letter with an accent, in an alphabet without them."""


@dataclass(frozen=True)
class Normalized:
    """A normalised text, and what it lost."""

    text: str
    """Letters of the language, apostrophes within words, single spaces; may be empty."""
    dropped: Counter[str]
    """Characters (and transcribers' remarks) that were dropped; an accent that the language has not counts as itself."""

    @property
    def missing(self) -> str:
        """Letters and digits that were dropped, and what the transcriber did not hear: with any, `text` is not what was said."""
        lost = [key for key in self.dropped if (len(key) == 1 and key.isalnum()) or NOT_HEARD.search(key)]
        return " ".join(sorted(lost))


def normalize(text: str, language: str) -> Normalized:
    """`text` in `language` (BCP 47 tag) as it is said.

    NFKC, small letters, abbreviations and signs as words (`rules`), numbers as words (`numbers`). Then letters of the
    language's alphabet stay; letters of others lose their accents or are dropped; apostrophes stay between letters; all else is
    dropped, at a space where it parts words. Of languages without an alphabet here, whatever Unicode calls a letter or a
    mark stays, and no abbreviation or sign is read.
    """
    rules = rules_of(language)
    dropped: Counter[str] = Counter()

    def drop(match: re.Match[str]) -> str:
        dropped[match[0]] += 1
        return " " if len(match[0]) > 1 else ""

    text = unicodedata.normalize("NFKC", text.translate(APOSTROPHES)).lower()
    text = MARKER.sub(drop, text)
    text = _abbreviated(language).sub(lambda match: _words(match, language), text)
    text = speak_numbers(MINUS.sub(f" {rules.minus} ", text) if rules.minus else text, language)
    text = text.translate(_signs(language))
    table: dict[int, str] = {}
    for char in set(text) - {" ", APOSTROPHE}:
        written, lost = _written(char, language)
        if written != char:
            table[ord(char)] = written
        dropped.update({mark: text.count(char) * lost.count(mark) for mark in set(lost)})
    text = text.translate(table)
    letters = alphabet_of(language)
    loose = LOOSE_APOSTROPHE if letters is None or APOSTROPHE in letters else re.compile(APOSTROPHE)
    return Normalized(unicodedata.normalize("NFC", " ".join(loose.sub(drop, text).split())), dropped)


@cache
def _abbreviated(language: str) -> re.Pattern[str]:
    patterns = rules_of(language).abbreviations
    return re.compile("|".join(rf"(?<!\w)(?:{pattern})" for pattern in patterns) or "(?!)")


def _words(match: re.Match[str], language: str) -> str:
    """What an abbreviation stands for: the first rule that fits, as the alternatives were tried."""
    rules = rules_of(language).abbreviations
    return next((f" {words} " for pattern, words in rules.items() if re.compile(pattern).match(match.string, match.start())), "")


@cache
def _signs(language: str) -> Mapping[int, str]:
    rules = rules_of(language)
    signs = dict(rules.signs) | {sign: many for sign, (_, many) in rules.currencies.items()}
    return str.maketrans({sign: f" {words} " for sign, words in signs.items()})


@cache
def _written(char: str, language: str) -> tuple[str, str]:
    """What a character becomes, and what is lost of it."""
    letters = alphabet_of(language)
    category = unicodedata.category(char)
    if char.isspace():
        return " ", ""
    if (category[0] in "LM") if letters is None else char in letters:
        return char, ""
    if letters is not None and category[0] == "L":
        if set(SPELT.get(char, "")) & letters:
            return SPELT[char], ""
        base, marks = unicodedata.normalize("NFD", char)[0], unicodedata.normalize("NFD", char)[1:]
        return (base, marks) if marks and base in letters else (" ", char)
    return ("" if category in ("Mn", "Cf") else " "), char
