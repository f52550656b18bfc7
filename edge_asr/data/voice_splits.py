"""Which synthetic speakers teach, and which are kept for validation and test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from edge_asr.data.clips import SPLITS, Split
from edge_asr.data.split import assign_splits
from edge_asr.data.voices import voices_for
from edge_asr.data.voices.voice import Voice
from edge_asr.errors import SynthesisError

MANY = 10
"""Speakers of one engine."""


def split_voices(voices: Sequence[Voice], validation_percent: float, test_percent: float) -> dict[Split, tuple[Voice, ...]]:
    """Whole speakers, engine by engine. Engines with fewer than `MANY` speakers only teach: each voice is worth much there."""
    result: dict[Split, list[Voice]] = {split: [] for split in SPLITS}
    for engine in dict.fromkeys(voice.engine for voice in voices):
        of_engine = [voice for voice in voices if voice.engine == engine]
        speakers = Counter(voice.speaker for voice in of_engine)
        kept = (validation_percent, test_percent) if len(speakers) >= MANY else (0.0, 0.0)
        split_of = assign_splits(dict.fromkeys(speakers, 1), *kept)
        for voice in of_engine:
            result[split_of[voice.speaker]].append(voice)
    return {split: tuple(found) for split, found in result.items()}


def voices_of(language: str, engines: Sequence[str], key: str, piper_voices: Path | None = None) -> tuple[Voice, ...]:
    """All voices that speak `language`, of the named engines, or of all where none is named.

    `key`: the recipe's that names them, for the message. Raises `SynthesisError` when there is none.
    """
    found = voices_for(language, piper_voices=piper_voices)
    voices = tuple(voice for voice in found if not engines or voice.engine in engines)
    if not voices:
        there = ", ".join(sorted({voice.engine for voice in found}))
        raise SynthesisError(f"{key}: expected some of those that speak {language} here ({there}), found {', '.join(engines)}")
    return voices
