"""Numbers as they are said, by `num2words` (some fifty languages)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from edge_asr.data.alphabets import primary_language
from edge_asr.data.transcribed.rules import Rules, rules_of
from edge_asr.errors import DataError

LONGEST = 12
"""Digits that are read as one number; longer rows of them, and rows that start with 0, are read one by one."""
AMBIGUOUS = r"[.,:/⁄–-]"
"""What between two digits has more than one reading: a date, a time, a score, a fraction, a range."""
YEAR = re.compile(r"1[1-9]\d\d|20[1-9]\d")
CENTS = re.compile(r"\d\d")


def speak_numbers(text: str, language: str) -> str:
    """`text` (in small letters) with its numbers as words. What has no sure reading keeps its digits.

    English: cardinals, ordinals ("3rd"), years, decades, decimals, amounts of money. German, French, Spanish and Italian:
    cardinals, ordinals where an ending shows them ("2e", "3º"; so not the German "3."), decimals, amounts; German years.
    Other languages that `num2words` knows: whole numbers. Raises `DataError` when `num2words` is not installed.
    """
    if not any(map(str.isdecimal, text)):
        return text
    say = _speaker(language)
    if say is None:
        return text
    rules = rules_of(language)

    def replace(match: re.Match[str]) -> str:
        behind_letter = text[match.start() - 1 : match.start()].isalpha()
        return f"{' ' if behind_letter else ''}{_spoken(match, say, rules) or match[0]} "

    return _pattern(language).sub(replace, text)


@cache
def _pattern(language: str) -> re.Pattern[str]:
    rules = rules_of(language)
    number = r"(?P<whole>\d+)(?P<decimals>)"
    if rules.decimal:
        grouped = rf"\d{{1,3}}(?:{rules.grouping}\d{{3}})+(?!\d)"
        number = rf"(?P<whole>{grouped}|\d+)(?:{rules.decimal}(?P<decimals>\d+))?"
    sign = f"[{''.join(map(re.escape, rules.currencies))}]" if rules.currencies else "(?!)"
    return re.compile(
        rf"(?P<before>{sign}\s?)?(?<!\d)(?<!\d{AMBIGUOUS}){number}(?!\d)(?!{AMBIGUOUS}\d)"
        rf"(?P<ending>{rules.endings})?(?(before)(?P<scale>{rules.scales})?|(?P<behind>\s?{sign})?)"
    )


def _spoken(match: re.Match[str], say: Callable[..., str], rules: Rules) -> str:
    whole, decimals = re.sub(r"\D", "", match["whole"]), match["decimals"] or ""
    sign = (match["before"] or match["behind"] or "").strip()
    if sign:
        return _amount(whole, decimals, match["scale"] or "", rules.currencies[sign], say, rules)
    if match["ending"] and not decimals and len(whole) <= LONGEST:
        return _with_ending(whole, match["ending"], say)
    if rules.years and not decimals and YEAR.fullmatch(match["whole"]):
        return say(int(whole), to="year")
    return _number(whole, decimals, say, rules)


def _amount(whole: str, decimals: str, scale: str, names: tuple[str, str], say: Callable[..., str], rules: Rules) -> str:
    one, many = names
    name = one if int(whole) == 1 and not scale else many
    if CENTS.fullmatch(decimals) and not scale:
        cents = "" if int(decimals) == 0 else f" {say(int(decimals))}"
        return f"{_number(whole, '', say, rules)} {name}{cents}"
    return f"{_number(whole, decimals, say, rules)}{scale} {many if decimals else name}"


def _number(whole: str, decimals: str, say: Callable[..., str], rules: Rules) -> str:
    one_by_one = len(whole) > LONGEST or (whole[0] == "0" and len(whole) > 1)
    words = [say(int(digit)) for digit in whole] if one_by_one else [say(int(whole))]
    return " ".join(words + ([rules.point] + [say(int(digit)) for digit in decimals] if decimals else []))


def _with_ending(whole: str, ending: str, say: Callable[..., str]) -> str:
    """An ordinal, in the gender of the ending; an English decade."""
    if ending == "s":
        words = say(int(whole), to="year" if YEAR.fullmatch(whole) else "cardinal")
        return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"
    words = say(int(whole), to="ordinal")
    if ending in ("re", "ère"):
        return words.replace("premier", "première")
    return re.sub(r"o\b", "a", words) if ending.endswith("a") else words


@cache
def _speaker(language: str) -> Callable[..., str] | None:
    """Says a number in the language; None where `num2words` does not know it."""
    try:
        from num2words import CONVERTER_CLASSES, num2words
    except ModuleNotFoundError as err:
        raise DataError(f"writing numbers as words needs num2words ({err}): pip install 'edge-asr[host]'") from err
    primary, _, region = language.replace("-", "_").partition("_")
    tags = (f"{primary.lower()}_{region.upper()}", primary_language(language))
    known = next((tag for tag in tags if tag in CONVERTER_CLASSES), None)
    if known is None:
        return None

    def say(number: int, **options: Any) -> str:
        return re.sub(r"[^\w\s']", " ", num2words(number, lang=known, **options)).lower()

    return say
