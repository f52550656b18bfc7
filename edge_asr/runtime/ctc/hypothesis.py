"""What a decoder says: words with times and confidences, a transcript, and the protocol that all decoders keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Word:
    """A word of a transcript."""

    text: str
    start: float
    """Seconds from the decoder's first frame."""
    end: float
    """Seconds from the decoder's first frame, after `start`."""
    confidence: float
    """0 to 1."""


@dataclass(frozen=True)
class Slot:
    """A part of a sentence that a grammar names, like `area` = `kitchen`."""

    name: str
    value: str


@dataclass(frozen=True)
class Transcript:
    """What was said. Empty text: nothing was."""

    text: str
    words: tuple[Word, ...]
    score: float
    """Natural logarithm, weights and bonuses included; comparable between hypotheses of the same frames only."""
    confidence: float
    """0 to 1."""
    intent: str = ""
    slots: tuple[Slot, ...] = ()
    rejected: str = ""
    """Why it is not to be acted upon, with the number that says so; empty when it is accepted."""
    penalty: float = 0.0
    """With a grammar: what it loses against what would be said without one, natural logarithm a second; see `GrammarDecoder`."""


class Decoder(Protocol):
    """Log probabilities of tokens to a transcript, as they come. The same frames in other chunks give the same transcript."""

    def advance(self, log_probs: NDArray[np.float32]) -> None:
        """Take the next output frames, (t, tokens) float32 natural logarithms of probabilities; t may be 0.

        Raises `ConfigError` when the array does not have that form.
        """

    def best(self) -> Transcript:
        """The best hypothesis so far, which later frames may change. Cheap."""

    def finish(self) -> Transcript:
        """The best hypothesis of all frames: nothing comes any more until `reset`."""

    def reset(self) -> None:
        """Start over, as if no frame had come."""
