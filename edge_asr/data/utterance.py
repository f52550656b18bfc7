"""Something said, and what is said in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_asr.data.clips import Split


@dataclass(frozen=True)
class Utterance:
    """A recording, or a part of one, with its transcript."""

    id: str
    """Unique in its data set: it names the utterance wherever the data set lies."""
    path: Path
    text: str
    """What is said, normalised: words parted by single spaces."""
    speaker: str | None
    """Who says it, where that is known."""
    split: Split
    licence: str = "not stated"
    start: float = 0.0
    """Seconds in the file."""
    end: float = 0.0
    """Seconds in the file; 0: its end."""
