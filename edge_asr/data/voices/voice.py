"""What a speech synthesiser offers: voices, and speech from one of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import SynthesisError

LIMITS = {"rate": (0.5, 2.5), "pitch": (-12.0, 12.0), "pitch_range": (0.0, 2.0), "pause": (0.0, 1.0)}
"""Smallest and largest value of each number in `Delivery`."""
ENDINGS = ("", ".", "!", "?", ",")


@dataclass(frozen=True)
class Voice:
    """One synthetic speaker in one language or accent."""

    engine: str
    """Name of the synthesiser, a key of `ENGINES`."""
    name: str
    """Its name there, unique within the engine."""
    language: str
    """BCP 47 tag in lower case, for example `en-gb-scotland`; `und` where the engine does not tell."""
    licence: str
    """What the synthesiser and the voice are licensed under."""
    speaker: str
    """Who speaks. Voices of an engine with the same speaker are the same throat with another accent."""
    path: Path | None = None
    """The voice's file, for engines that have no fixed place for them."""


@dataclass(frozen=True)
class Delivery:
    """How a text is said. Raises `SynthesisError` when a value is out of range.

    What an engine can't do it leaves out; its module says what that is.
    """

    rate: float = 1.0
    """Tempo relative to the voice's own, 0.5 to 2.5."""
    pitch: float = 0.0
    """Semitones above the voice's own, -12 to 12."""
    pitch_range: float = 1.0
    """How lively the melody is, 0 (monotone) to 2, 1 is the voice's own."""
    pause: float = 0.0
    """Seconds between words, 0 to 1. Engines without such a pause make that of a comma."""
    stressed: int = -1
    """The word that is emphasised, counted from 0; -1 for none."""
    ending: str = ""
    """One of `ENDINGS`, behind the text: it sets the melody (a call, a question, somebody who goes on talking)."""
    take: int = 0
    """Neural voices never say a text the same way twice: another number is another time."""

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            if not low <= getattr(self, name) <= high:
                raise SynthesisError(f"{name} must be {low:g} to {high:g}, found {getattr(self, name)}")
        if self.ending not in ENDINGS:
            raise SynthesisError(f"ending must be one of {ENDINGS}, found {self.ending!r:.80}")


class SpokenWord(NamedTuple):
    """When a word of the text is said."""

    text: str
    start: float
    """Seconds."""
    end: float


class Speech(NamedTuple):
    """Speech as it came from the synthesiser."""

    samples: NDArray[np.float32]
    """(n,) mono, in [-1, 1)."""
    sample_rate: int
    """Hz."""
    words: tuple[SpokenWord, ...] = ()
    """In order. Some engines run small words together, and most tell none."""


class Synthesiser(Protocol):
    """One speech synthesiser. Its methods may be called from any thread."""

    how_to_get: str
    """One line for people: how to install it, and more voices for it."""
    quality: float
    """How much like a person its voices sound, as a weight in drawing: `eSpeak` is 1."""
    pitch_span: float
    """Semitones up and down within which a voice still sounds human."""

    def voices(self) -> tuple[Voice, ...]:
        """All its voices, at least one, in a fixed order. Raises `SynthesisError`, and nothing else, when it has none."""
        ...

    def speak(self, text: str, voice: Voice, delivery: Delivery) -> Speech:
        """Say `text`, which is not blank. The same arguments give the same samples. Raises `SynthesisError`."""
        ...
