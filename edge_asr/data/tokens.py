"""What a CTC model writes: characters, words of a closed set, or phonemes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.speech import BLANK, Unit
from edge_asr.data.alphabets import alphabet_of
from edge_asr.errors import DataError

SPACE = " "


@dataclass(frozen=True)
class Tokens:
    """The labels of a CTC model in the order of its outputs; label 0 is the blank.

    Raises `DataError` when the labels are not unique, don't start with the blank or don't fit the unit.
    """

    unit: Unit
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.labels[:1] != (BLANK,) or len(self.labels) < 2 or len(set(self.labels)) != len(self.labels):
            raise DataError(f"expected token labels that differ, {BLANK} first and at least one more, found {self.labels!r:.80}")
        fits = (lambda label: len(label) == 1) if self.unit == "characters" else (lambda label: label.split() == [label])
        wrong = [label for label in self.labels[1:] if not fits(label)]
        if wrong:
            raise DataError(f"expected {self.unit} as token labels, found {wrong[0]!r:.80}")

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {label: number for number, label in enumerate(self.labels) if number}

    def encode(self, text: str) -> NDArray[np.int32]:
        """The token of each character, word or phoneme (spaces between) of `text`: int32 (tokens,), none of them 0.

        Raises `DataError` when `text` (normalised) has one that is not among the labels.
        """
        pieces: Sequence[str] = text if self.unit == "characters" else text.split()
        try:
            return np.array([self._ids[piece] for piece in pieces], np.int32)
        except KeyError as err:
            raise DataError(f"expected text of {len(self.labels) - 1} known {self.unit}, found {err} in {text!r:.80}") from err

    def decode(self, ids: Iterable[int]) -> str:
        """The text that `ids` write, 0 writing nothing; nothing is merged: that is the decoder's part."""
        pieces = (self.labels[number] for number in ids if number)
        return ("" if self.unit == "characters" else SPACE).join(pieces)


def character_tokens(language: str, texts: Iterable[str] = ()) -> Tokens:
    """A token for the space and each letter of `language`; without a list of its letters, for each character of `texts`.

    Raises `DataError` when neither tells a letter.
    """
    letters = alphabet_of(language)
    if letters is None:
        letters = frozenset().union(*texts) - {SPACE}
    if not letters:
        raise DataError(f"expected texts in {language!r}, of which no list of letters is kept, found no letter")
    return Tokens("characters", (BLANK, SPACE, *sorted(letters)))


def word_tokens(words: Iterable[str]) -> Tokens:
    """A token for each of the words, in their order. Raises `DataError` when one stands twice or holds a space."""
    return Tokens("words", (BLANK, *words))


def phoneme_tokens(phonemes: Iterable[str]) -> Tokens:
    """A token for each of the phonemes, in their order. Raises `DataError` as `word_tokens`."""
    return Tokens("phonemes", (BLANK, *phonemes))
