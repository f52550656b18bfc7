"""The letters that a language is written with."""

from __future__ import annotations

from string import ascii_lowercase

APOSTROPHE = "'"
ALPHABETS = {
    "en": ascii_lowercase + APOSTROPHE,
    "de": ascii_lowercase + "äöüß",
    "fr": ascii_lowercase + "àâæçèéêëîïôœùûüÿ" + APOSTROPHE,
    "es": ascii_lowercase + "áéíñóúü",
    "it": ascii_lowercase + "àèéìíîòóùú" + APOSTROPHE,
}
"""Small letters, and the apostrophe where it is part of words. Other languages are written with whatever letters they use."""


def primary_language(language: str) -> str:
    """The part of a language tag that chooses the rules: `en` of `en-GB`, `en_US` or `EN`."""
    return language.lower().replace("_", "-").partition("-")[0]


def alphabet_of(language: str) -> frozenset[str] | None:
    """The characters of words in `language` (a tag such as `en` or `de-AT`); None where no list is kept."""
    letters = ALPHABETS.get(primary_language(language))
    return None if letters is None else frozenset(letters)
