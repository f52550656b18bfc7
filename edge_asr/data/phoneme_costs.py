"""How much it takes to hear one phoneme for another: 0 for the same, about 1 for two that nobody confuses.

Places and manners of articulation stand on the scales that ALINE gives them (Kondrak, "A new algorithm for the alignment of
phonetic sequences", NAACL 2000, table 2: bilabial 1 to glottal 0.1, stop 1 to approximant 0.6). The weights of the features
are our own: ALINE's are for cognates, where vowels hardly count; a listener tells words apart by their stressed vowels.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

PLACES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5, 0.3, 0.1)
"""Bilabial, labiodental, dental, alveolar, retroflex, palato-alveolar, palatal, velar, uvular, pharyngeal, glottal."""
CHART = (  # manner, nasal, lateral, and the letters of each place, voiceless and voiced
    (1.0, False, False, "pb -- -- td ʈɖ -- cɟ kɡ qɢ -- ʔ-"),
    (1.0, True, False, "-m -ɱ -- -n -ɳ -- -ɲ -ŋ -ɴ -- --"),
    (0.9, False, False, "-- -ⱱ -- -ɾ -ɽ -- -- -- -- -- --"),
    (0.8, False, False, "ɸβ fv θð sz ʂʐ ʃʒ çʝ xɣ χʁ ħʕ hɦ"),
    (0.8, False, False, "-- -- -- -- -- ɕʑ -- -- -- -- --"),
    (0.8, False, True, "-- -- -- ɬɮ -- -- -- -- -- -- --"),
    (0.7, False, False, "-ʙ -- -- -r -- -- -- -- -ʀ -- --"),
    (0.6, False, False, "ʍw -ʋ -- -ɹ -ɻ -- -j -ɰ -- -- --"),
    (0.6, False, False, "-- -- -- -- -- -- -ɥ -- -- -- --"),
    (0.6, False, True, "-- -- -- -l -ɭ -ɫ -ʎ -ʟ -- -- --"),
)
VOWELS = (  # the height of each row, 0 close to 1 open, and its front, central and back letters, unrounded and rounded
    (0.0, "iy ɨʉ ɯu"),
    (0.15, "ɪʏ ᵻ- -ʊ"),
    (0.3, "eø ɘɵ ɤo"),
    (0.5, "-- ə- --"),
    (0.5, "-- ɚ- --"),
    (0.65, "ɛœ ɜɞ ʌɔ"),
    (0.65, "-- ɝ- --"),
    (0.8, "æ- ɐ- --"),
    (1.0, "aɶ -- ɑɒ"),
)
RHOTIC = "ɚɝ"
STRESS = "ˈˌ"
GLIDES = "jwɥɰɹɻʋhɦʔ"
"""Consonants that come and go easily."""


class Consonant(NamedTuple):
    """Articulation of a consonant."""

    place: float
    manner: float
    voiced: bool
    nasal: bool
    lateral: bool


class Vowel(NamedTuple):
    """Articulation of a vowel."""

    height: float
    back: float
    rounded: bool
    rhotic: bool


def _consonants() -> dict[str, Consonant]:
    return {
        letter: Consonant(place, manner, voiced, nasal, lateral)
        for manner, nasal, lateral, row in CHART
        for place, pair in zip(PLACES, row.split())
        for voiced, letter in zip((False, True), pair)
        if letter != "-"
    }


def _vowels() -> dict[str, Vowel]:
    return {
        letter: Vowel(height, back, rounded, letter in RHOTIC)
        for height, row in VOWELS
        for back, pair in zip((0.0, 0.5, 1.0), row.split())
        for rounded, letter in zip((False, True), pair)
        if letter != "-"
    }


LETTERS: dict[str, Consonant | Vowel] = {**_consonants(), **_vowels()}
"""Letters of the International Phonetic Alphabet."""


def is_vowel(phoneme: str) -> bool:
    """Whether `phoneme` (perhaps a stress mark, then a letter, then other marks) is a vowel."""
    return isinstance(LETTERS[phoneme.lstrip(STRESS)[0]], Vowel)


@cache
def substitution_cost(one: str, other: str) -> float:
    """What it costs to hear `other` for `one`, 0 to 1."""
    if one == other:
        return 0.0
    plain, other_plain = one.lstrip(STRESS), other.lstrip(STRESS)
    a, b = LETTERS[plain[0]], LETTERS[other_plain[0]]
    marks = 0.1 * (plain[1:] != other_plain[1:])
    if isinstance(a, Consonant) and isinstance(b, Consonant):
        cost = (
            abs(a.place - b.place) + abs(a.manner - b.manner) + 0.2 * (a.voiced != b.voiced) + 0.1 * (plain[0] != other_plain[0])
        )
        return min(1.0, cost + 0.3 * (a.nasal != b.nasal) + 0.2 * (a.lateral != b.lateral) + marks)
    if isinstance(a, Vowel) and isinstance(b, Vowel):
        shape = 0.8 * abs(a.height - b.height) + 0.5 * abs(a.back - b.back) + 0.15 * (a.rounded != b.rounded)
        stressed = (one[0] in STRESS) + (other[0] in STRESS)
        weight = 1.0 if stressed else 0.6
        return min(1.0, weight * (shape + 0.2 * (a.rhotic != b.rhotic) + marks) + 0.15 * (stressed == 1))
    glide = any(phoneme[0] in GLIDES for phoneme in (one, other))
    return 0.7 if glide else 1.0


@cache
def gap_cost(phoneme: str) -> float:
    """What it costs to miss `phoneme`, or to hear it where it was not said, 0 to 1."""
    if is_vowel(phoneme):
        return 0.9 if phoneme[0] in STRESS else 0.55
    return 0.45 if phoneme[0] in GLIDES else 0.6
