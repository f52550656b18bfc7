"""The tokens of a recogniser, and the texts of its rows as they are written with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from edge_asr.data.pronounce import phonemes_of, pronunciations
from edge_asr.data.speech_rows import SpeechRow
from edge_asr.data.speech_spec import SpeechSpec
from edge_asr.data.tokens import Tokens, character_tokens, phoneme_tokens, word_tokens
from edge_asr.errors import DataError


def tokens_for(spec: SpeechSpec) -> Tokens:
    """What the network writes. Raises `DataError` for a language without an alphabet, and as `phonemes_of`."""
    if spec.unit == "phonemes":
        return phoneme_tokens(phonemes_of(spec.language))
    return word_tokens(spec.words) if spec.unit == "words" else character_tokens(spec.language)


def writable(rows: Sequence[SpeechRow], spec: SpeechSpec, tokens: Tokens) -> tuple[list[SpeechRow], int]:
    """The rows with their texts as the network writes them, and how many are left out because it can't."""
    kept = []
    for row in _pronounced(rows, spec.language) if spec.unit == "phonemes" else rows:
        try:
            tokens.encode(row.text)
        except DataError:
            continue
        kept.append(row)
    return kept, len(rows) - len(kept)


def _pronounced(rows: Sequence[SpeechRow], language: str) -> Iterable[SpeechRow]:
    """The same with the phonemes of their texts, a space between any two."""
    said = pronunciations((word for row in rows for word in row.text.split()), language)
    return (replace(row, text=" ".join(phoneme for word in row.text.split() for phoneme in said[word])) for row in rows)
