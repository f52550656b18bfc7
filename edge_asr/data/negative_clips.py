"""What must not wake anybody: clips of other speech and of noise, of which nothing has been decoded yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from edge_asr.data.clips import SPLITS, LeftOut, Split, describe_left_out

Kind: TypeAlias = Literal["speech", "noise"]


@dataclass(frozen=True)
class NegativeClip:
    """One file, or, of a file of more than some minutes, one part of it."""

    path: Path
    split: Split
    speaker: str | None
    """Who speaks, where that is known."""
    seconds: float
    kind: Kind
    licence: str
    start: float = 0.0
    """Where in the file it begins, seconds."""


@dataclass(frozen=True)
class Negatives:
    """Everything that was found."""

    clips: tuple[NegativeClip, ...] = ()
    """Sorted by place, path and start."""
    left_out: tuple[LeftOut, ...] = ()
    """Files that are broken, and files that say one of the phrases."""

    @property
    def hours(self) -> float:
        """Of all clips together."""
        return self.hours_of()

    def hours_of(self, split: Split | None = None, kind: Kind | None = None) -> float:
        """Of the clips of one split and kind; None takes all."""
        return sum(clip.seconds for clip in self.of(split, kind)) / 3600

    def of(self, split: Split | None = None, kind: Kind | None = None) -> tuple[NegativeClip, ...]:
        """The clips of one split and kind; None takes all."""
        return tuple(c for c in self.clips if split in (None, c.split) and kind in (None, c.kind))

    def __add__(self, other: Negatives) -> Negatives:
        """Both together: speech and noise come from separate calls of `read_negatives`."""
        return Negatives(self.clips + other.clips, self.left_out + other.left_out)

    def summary(self) -> str:
        """Hours of speech and noise in each split, speakers, licences, and what was left out; no whole path."""
        if not self.clips:
            return "no negatives" + describe_left_out(self.left_out)
        hours = "; ".join(
            f"{self.hours_of(kind=kind):.2f} h of {kind} ("
            + ", ".join(f"{self.hours_of(split, kind):.2f} {split}" for split in SPLITS)
            + ")"
            for kind in ("speech", "noise")
            if self.of(kind=kind)
        )
        speakers = len({clip.speaker for clip in self.clips} - {None})
        files = len({clip.path for clip in self.clips})
        shares = Counter(self._hours_by_licence())
        licences = ", ".join(f"{name} ({hours:.2f} h)" for name, hours in shares.most_common())
        return f"{hours} in {files} files, {speakers} known speakers; {licences}{describe_left_out(self.left_out)}"

    def _hours_by_licence(self) -> dict[str, float]:
        shares: dict[str, float] = {}
        for clip in self.clips:
            shares[clip.licence] = shares.get(clip.licence, 0.0) + clip.seconds / 3600
        return shares
