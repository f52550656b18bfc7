"""What a data set is: clips of single words, noises, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Split: TypeAlias = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Clip:
    """One recorded word."""

    path: Path
    word: str
    """What is said: the name of its folder; `_unknown_` and `_silence_` are possible."""
    speaker: str | None
    """Who says it, where that is known."""
    split: Split
    name: str = ""
    """What it is called where its path says nothing: of a clip that lies elsewhere than the data set."""


@dataclass(frozen=True)
class LeftOut:
    """A file that is not used, and why."""

    path: Path
    why: str


@dataclass(frozen=True)
class DataSet:
    """The clips of one data set, sorted by path; none has been opened yet."""

    name: str
    root: Path
    clips: tuple[Clip, ...]
    noises: tuple[Path, ...] = ()
    """Background noise, minutes of it, for `_silence_` and for augmentation."""
    left_out: tuple[LeftOut, ...] = ()
    licence: str = "not stated"

    def clip_id(self, clip: Clip) -> str:
        """The clip's name, or its path below the data set's root: the same everywhere, wherever the data set lies."""
        return clip.name or clip.path.relative_to(self.root).as_posix()

    def summary(self) -> str:
        """Clips, words, speakers and splits, and what was left out, in a line or two."""
        words = {clip.word for clip in self.clips}
        speakers = {clip.speaker for clip in self.clips} - {None}
        splits = Counter(clip.split for clip in self.clips)
        counts = ", ".join(f"{splits[split]} {split}" for split in SPLITS)
        known = f"{len(speakers)} speakers" if speakers else "speakers unknown"
        text = f"{self.name}: {len(self.clips)} clips of {len(words)} words, {known} ({counts}), {len(self.noises)} noises"
        return text + describe_left_out(self.left_out)


def describe_left_out(left_out: Iterable[LeftOut], show: int = 3) -> str:
    """`""`, or a sentence that counts the files and names the first few, each by its folder and name.

    Not by the whole path: the sentence goes into bundles, which leave this machine.
    """
    files = list(left_out)
    if not files:
        return ""
    names = "; ".join(f"{'/'.join(item.path.parts[-2:])}: {item.why}" for item in files[:show])
    return f"; {len(files)} files left out ({names}{'; ...' if len(files) > show else ''})"
