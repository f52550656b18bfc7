"""What a reader finds: one line of a data set's lists, before its text is normalised or its file opened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple, TypeAlias

from edge_asr.data.clips import LeftOut, Split
from edge_asr.errors import DataError

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus")
NOT_STATED = "not stated"
LONGEST_LINE = 1 << 20
"""Bytes of one line in a list: no sentence is a megabyte long."""
SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "dev": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


@dataclass(frozen=True)
class Row:
    """One utterance as the data set lists it."""

    id: str
    path: Path
    text: str
    speaker: str | None = None
    split: Split | None = None
    """Where the data set says it."""
    groups: tuple[str, ...] = ()
    """What stays together where no split is said and speakers are few: from wide to narrow (chapter, part of a chapter)."""
    licence: str = NOT_STATED
    start: float = 0.0
    """Seconds in the file."""
    seconds: float | None = None
    """How long it is, where that is listed."""


Rows: TypeAlias = Iterator[Row | LeftOut]


class Reader(NamedTuple):
    """A layout."""

    layout: str
    """What it looks like, in a few words."""
    fits: Callable[[Path], bool]
    """Whether a place looks like it; cheap."""
    rows: Callable[[Path], Rows]
    """Everything that the place lists. Raises `DataError` when a list can't be read."""


def split_named(name: str) -> Split | None:
    """The split that the name of a file or folder tells: `dev-clean` is validation."""
    return next((SPLIT_NAMES[word] for word in re.split(r"[^a-z]+", name.lower()) if word in SPLIT_NAMES), None)


def lines_of(path: Path) -> Iterator[str | LeftOut]:
    """The lines of a text file, without their ends and empty ones; a line that is not UTF-8 or too long is left out.

    Raises `DataError` when the file can't be read.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE):
                number += 1
                if len(line) == LONGEST_LINE:
                    yield LeftOut(path, f"line longer than {LONGEST_LINE} bytes, and what follows: line {number}")
                    return
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError:
                    yield LeftOut(path, f"not UTF-8: line {number}")
                    continue
                if text.strip():
                    yield text
    except OSError as err:
        raise DataError(f"{path}: expected a list of files and texts, found: {err.strerror or err}") from err


def inside(folder: Path, name: str) -> Path | None:
    """`folder / name`; None where that would be outside the folder."""
    parts = PurePosixPath(name).parts
    absolute = PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or "\\" in name
    return None if not name or absolute or ".." in parts else folder / name


def is_file(path: Path) -> bool:
    """Whether there is such a file; False also for names that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def audio_named(folder: Path, name: str) -> Path | None:
    """The audio file `name` without its ending in `folder` (the first of `SUFFIXES` where there is none); None for a name
    that leads outside.
    """
    paths = [path for suffix in SUFFIXES if (path := inside(folder, f"{name}{suffix}"))]
    return next(filter(is_file, paths), paths[0] if paths else None)
