"""A part of a sound file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Excerpt:
    """From `start` to `end`, in seconds."""

    path: Path
    start: float
    end: float
