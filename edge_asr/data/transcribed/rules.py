"""How five languages read what is not written in letters: abbreviations, signs, and the marks in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_asr.data.alphabets import primary_language


@dataclass(frozen=True)
class Rules:
    """Of one language. All is matched against small letters."""

    abbreviations: Mapping[str, str] = field(default_factory=dict)
    """Regular expression to words. A dot is asked for where the letters alone are another word ("co.", "no. 5")."""
    signs: Mapping[str, str] = field(default_factory=dict)
    """Character to words."""
    currencies: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Sign to singular and plural; said behind the number, wherever the sign stands."""
    grouping: str = ""
    """Regular expression of what parts groups of three digits."""
    decimal: str = ""
    """Regular expression of what stands before decimals; empty: numbers with marks in them can't be read."""
    point: str = ""
    """How that is said."""
    minus: str = ""
    """How a hyphen before a number is said that follows a space."""
    endings: str = "(?!)"
    """Regular expression of what makes the number before it an ordinal (English: also a decade)."""
    scales: str = "(?!)"
    """Regular expression of what may stand between an amount and its currency: $5 million."""
    years: bool = False
    """Whether four digits from 1100 on (without a mark) are said as a year."""


ENGLISH = Rules(
    abbreviations={
        r"mr\b\.?": "mister",
        r"mrs\b\.?": "missus",
        r"messrs\b\.?": "messieurs",
        r"dr\b\.?": "doctor",
        r"drs\.": "doctors",
        r"st\.": "saint",
        r"jr\.": "junior",
        r"sr\.": "senior",
        r"co\.": "company",
        r"ltd\b\.?": "limited",
        r"maj\.": "major",
        r"gen\.": "general",
        r"col\.": "colonel",
        r"capt\.": "captain",
        r"lt\.": "lieutenant",
        r"sgt\b\.?": "sergeant",
        r"hon\.": "honorable",
        r"rev\.": "reverend",
        r"prof\.": "professor",
        r"esq\.": "esquire",
        r"vs\b\.?": "versus",
        r"etc\b\.?": "et cetera",
        r"no\.(?=\s?\d)": "number",
    },
    signs={"%": "percent", "&": "and", "+": "plus", "=": "equals", "@": "at", "°": "degrees", "§": "section", "×": "times"},
    currencies={"$": ("dollar", "dollars"), "€": ("euro", "euros"), "£": ("pound", "pounds"), "¥": ("yen", "yen")},
    grouping=",",
    decimal=r"\.",
    point="point",
    minus="minus",
    endings=r"(?:st|nd|rd|th|s)\b",
    scales=r"\s(?:hundred|thousand|million|billion|trillion)\b",
    years=True,
)
"""The titles are those that LJSpeech's transcripts write out (its README)."""

GERMAN = Rules(
    abbreviations={
        r"dr\b\.?": "doktor",
        r"prof\.": "professor",
        r"hr\.": "herr",
        r"fr\.": "frau",
        r"st\.": "sankt",
        r"str\.": "straße",
        r"nr\.": "nummer",
        r"ca\.": "circa",
        r"usw\.": "und so weiter",
        r"bzw\.": "beziehungsweise",
        r"z\. ?b\.": "zum beispiel",
        r"d\. ?h\.": "das heißt",
        r"u\. ?a\.": "unter anderem",
    },
    signs={"%": "prozent", "&": "und", "+": "plus", "=": "gleich", "@": "at", "°": "grad", "§": "paragraf", "×": "mal"},
    currencies={"$": ("dollar", "dollar"), "€": ("euro", "euro"), "£": ("pfund", "pfund"), "¥": ("yen", "yen")},
    grouping=r"\.",
    decimal=",",
    point="komma",
    minus="minus",
    years=True,
)
FRENCH = Rules(
    abbreviations={
        r"mme\b\.?": "madame",
        r"mlle\b\.?": "mademoiselle",
        r"mm\.": "messieurs",
        r"dr\b\.?": "docteur",
        r"st(?=-)": "saint",
        r"ste(?=-)": "sainte",
        r"etc\b\.?": "et cætera",
        r"m\.(?=\s\w)": "monsieur",
        r"n[°o]\.?(?=\s?\d)": "numéro",
    },
    signs={"%": "pour cent", "&": "et", "+": "plus", "=": "égale", "@": "arobase", "°": "degrés", "×": "fois"},
    currencies={"$": ("dollar", "dollars"), "€": ("euro", "euros"), "£": ("livre", "livres"), "¥": ("yen", "yens")},
    grouping=" ",
    decimal=",",
    point="virgule",
    minus="moins",
    endings=r"(?:er|re|ère|ème|ième|e)\b",
)
SPANISH = Rules(
    abbreviations={
        r"sr\.": "señor",
        r"sra\.": "señora",
        r"srta\.": "señorita",
        r"dr\.": "doctor",
        r"dra\.": "doctora",
        r"uds?\.": "usted",
        r"ee\. ?uu\.": "estados unidos",
        r"etc\b\.?": "etcétera",
        r"n[°o]\.?(?=\s?\d)": "número",
    },
    signs={"%": "por ciento", "&": "y", "+": "más", "=": "igual a", "@": "arroba", "°": "grados", "×": "por"},
    currencies={"$": ("dólar", "dólares"), "€": ("euro", "euros"), "£": ("libra", "libras"), "¥": ("yen", "yenes")},
    grouping=r"\.",
    decimal=",",
    point="coma",
    minus="menos",
    endings=r"\.?[oa]\b",
)
ITALIAN = Rules(
    abbreviations={
        r"sig\.ra": "signora",
        r"sig\.na": "signorina",
        r"sig\.": "signor",
        r"dott\.ssa": "dottoressa",
        r"dott\.": "dottor",
        r"prof\.": "professor",
        r"ecc\b\.?": "eccetera",
        r"n[°o.]\.?(?=\s?\d)": "numero",
    },
    signs={"%": "per cento", "&": "e", "+": "più", "=": "uguale", "@": "chiocciola", "°": "gradi", "×": "per"},
    currencies={"$": ("dollaro", "dollari"), "€": ("euro", "euro"), "£": ("sterlina", "sterline"), "¥": ("yen", "yen")},
    grouping=r"\.",
    decimal=",",
    point="virgola",
    minus="meno",
    endings=r"\.?[oa]\b",
)
RULES = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH, "it": ITALIAN}


def rules_of(language: str) -> Rules:
    """The rules of a language tag; of other languages there are none, and only whole numbers are read."""
    return RULES.get(primary_language(language), Rules())
