"""Languages: which tags (BCP 47) mean the same, and the tags of names that synthesisers use."""

from __future__ import annotations

SAME = {"zh": "cmn", "no": "nb", "en-uk": "en-gb"}
"""Tags that engines use for one another. What people type and what engines say are both mapped to the second."""

# fmt: off
NAMES = {
    "albanian": "sq", "american": "en-us", "american_english": "en-us", "brazilian-portuguese": "pt-br", "british": "en-gb",
    "british_english": "en-gb", "catalan": "ca", "croatian": "hr", "czech": "cs", "dutch": "nl", "english": "en",
    "esperanto": "eo", "finnish": "fi", "french": "fr", "georgian": "ka", "german": "de", "hindi": "hi", "italian": "it",
    "kyrgyz": "ky", "macedonian": "mk", "marathi": "mr", "polish": "pl", "portuguese": "pt", "russian": "ru",
    "scottish": "en-gb-scotland", "serbian": "sr", "slovak": "sk", "spanish": "es", "swahili": "sw", "tatar": "tt",
    "telugu": "te", "turkish": "tr", "ukrainian": "uk", "uzbek": "uz", "vietnamese": "vi", "welsh": "cy",
}
# fmt: on
"""What festival and RHVoice call languages and dialects, in lower case."""

UNKNOWN = "und"


def language_tag(tag: str) -> str:
    """`tag` as this package writes it: `en_US` is `en-us`, `zh` is `cmn`."""
    lower = tag.lower().replace("_", "-")
    primary, minus, rest = lower.partition("-")
    return SAME.get(lower) or SAME.get(primary, primary) + minus + rest


def named_language(*names: str) -> str:
    """The tag of the first of `names` that is known, else `UNKNOWN`."""
    return next((NAMES[name.lower()] for name in names if name.lower() in NAMES), UNKNOWN)


def speaks(language: str, wanted: str) -> bool:
    """Whether a voice of `language` will do where `wanted`, a tag or its beginning, is asked for: `en` takes `en-gb`."""
    tag = language_tag(wanted)
    return not tag or language == tag or language.startswith(tag + "-")
