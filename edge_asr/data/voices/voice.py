"""What a speech synthesiser offers: voices, and speech from one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Voice:
    """One synthetic speaker."""

    engine: str
    """Name of the synthesiser, a key of `ENGINES`."""
    name: str
    """Its name there, unique within the engine."""
    language: str
    """BCP 47 tag in lower case, for example `en-gb-scotland`."""
    licence: str
    """What the synthesiser and the voice are licensed under."""


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
    words: tuple[SpokenWord, ...]
    """In order. Some engines run small words together, and some tell none."""


class Synthesiser(Protocol):
    """One speech synthesiser. Its methods may be called from any thread."""

    def voices(self) -> tuple[Voice, ...]:
        """All its voices, in a fixed order. Raises `SynthesisError` when it is not installed."""
        ...

    def speak(self, text: str, voice: str, *, rate: float, pitch: float, pitch_range: float) -> Speech:
        """Say `text` (not blank); units as in `edge_asr.data.voices.speak`, already checked. Raises `SynthesisError`."""
        ...
