"""A wake phrase as it is typed, and as labels and folders call it."""

from __future__ import annotations

from edge_asr.errors import ConfigError

LONGEST = 60
"""Characters."""


def phrase_label(phrase: str) -> str:
    """The label of a phrase: lower case, its words joined by `_` ("Smart  mirror" is `smart_mirror`).

    Raises `ConfigError` unless `phrase` has a letter, at most `LONGEST` characters, and only such as a file name may have.
    """
    label = "_".join(phrase.lower().split())
    allowed = all(char.isprintable() and char not in '/\\:*?"<>|' for char in label)
    if not (allowed and any(map(str.isalpha, label)) and len(label) <= LONGEST and label[0] not in "_."):
        raise ConfigError(
            f"expected a phrase of words, at most {LONGEST} characters, found {phrase!r:.80}; write it as it is said"
        )
    return label
