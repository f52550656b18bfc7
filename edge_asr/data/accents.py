"""English digits as people of other languages say them: respelt so that a voice of their language comes close."""

from __future__ import annotations

from edge_asr.data.speech_spec import DIGITS

_RESPELT = {
    "cs": "zírou van tú srí for fajf siks sevn ejt najn ou",
    "de": "siero uann tuh srie foa faif siks säwen äit nain ou",
    "es": "síro uan tu zri for faiv siks seven eit nain ou",
    "fi": "siirou van tuu trii foor faiv siks seven eit nain ou",
    "fr-fr": "ziro ouanne tou sri fore faïve sikse sévène eïte naïne ô",
    "hi": "ज़ीरो वन टू थ्री फ़ोर फ़ाइव सिक्स सेवन एट नाइन ओ",
    "hu": "ziró van tú szri for fájv sziksz szeven ejt nájn ó",
    "id": "siro wan tu tri for faif siks seven eit nain o",
    "it": "ziro uan tu tri for faiv sics seven eit nain ou",
    "nl": "ziero wan toe trie foor faif siks seven eet nain oo",
    "pl": "ziro łan tu fri for fajf siks sewen ejt najn oł",
    "pt-br": "zírou uan tu tri fór faive sics séven eite naine ou",
    "ro": "zirou uan tu tri for faiv sics seven eit nain ou",
    "ru": "зиро уан ту сри фор файв сикс сэвен эйт найн оу",
    "sv": "siro oan to tri får fajv siks seven ejt najn åo",
    "tr": "ziro van tu tri for fayv siks seven eyt nayn o",
}
"""In the order of `DIGITS`, zero to nine and "oh"."""

LANGUAGES = tuple(_RESPELT)
"""BCP 47 tags."""


def respell(text: str, language: str) -> str:
    """`text`, words of `DIGITS` and commas, for a voice of `language`; as it is for a language that is not in `LANGUAGES`."""
    if language not in _RESPELT:
        return text
    spelling = dict(zip(DIGITS, _RESPELT[language].split(), strict=True))
    return " ".join(spelling[word.rstrip(",")] + "," * word.endswith(",") for word in text.split())
