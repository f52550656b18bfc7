"""What the cache holds, when it was used last, and how to take out what was not used for long.

A part is kept or taken out whole. Nothing is looked for outside of the cache's folder: links are not followed, and neither they
nor what is not recognised is ever taken out.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge_asr.errors import DataError

DAY = 86400.0
"""Seconds."""
UNFINISHED, OTHER = "unfinished", "other"
"""What some process is making, or left when it was ended; what is not the cache's own."""

_HASH = "[0-9a-f]{64}"


@dataclass(frozen=True)
class Room:
    """Where parts of one kind are."""

    kind: str
    folder: str
    """In the cache's; empty: that itself."""
    part: str
    """Pattern of the names of its parts."""
    unfinished: str = r"\..+"
    """Of those that are being made."""


ROOMS = (
    Room("features", "", _HASH, rf"{_HASH}\.parts|\.(features|removed)-.+|release-\w{{8}}"),
    Room("voices", "voices", r"[0-9a-f]{24}\.flac"),
    Room("traces", "traces", rf"{_HASH}\.npz"),
    Room("wheels", "wheelhouse", "[0-9a-f]{16}"),
    Room("emulation", "emulate", "[a-z]+-[a-z0-9-]+"),
)
KINDS = (*(room.kind for room in ROOMS), UNFINISHED, OTHER)


@dataclass(frozen=True)
class Stored:
    """One part of the cache."""

    kind: str
    """Of `KINDS`."""
    path: Path
    size: int
    """Bytes."""
    used: float
    """When any of it was read, written or put there last, in seconds since 1970. A file system that does not keep when files
    are read (`noatime`) knows the others only; a usual one (`relatime`) knows to the day."""

    def is_stale(self, now: float, days: float) -> bool:
        """Whether it may go when what was not used for so many `days` does. What is being made has at least one."""
        least = max(days, 1.0) if self.kind == UNFINISHED else days
        return self.kind != OTHER and now - self.used >= least * DAY


def list_cache(folder: Path) -> tuple[Stored, ...]:
    """All parts of the cache in `folder`, by kind and name; none where there is no such folder.

    Raises `DataError` when it can't be read.
    """
    try:
        found = [stored for room in ROOMS for stored in _look(folder / room.folder, room)]
    except OSError as err:
        raise DataError(f"{folder}: expected the cache's folder, could not look into it: {err}") from err
    return tuple(sorted(found, key=lambda stored: (KINDS.index(stored.kind), stored.path)))


def remove(parts: Sequence[Stored]) -> None:
    """Take `parts` out. Each is gone at once, so that nobody finds half of one. Raises `DataError` when one can't be removed."""
    for part in parts:
        doomed = part.path.with_name(f".removed-{os.getpid()}-{part.path.name}")
        try:
            with suppress(FileNotFoundError):  # somebody else was faster
                part.path.rename(doomed)
                if doomed.is_dir() and not doomed.is_symlink():
                    shutil.rmtree(doomed)
                else:
                    doomed.unlink()
        except OSError as err:
            raise DataError(f"{part.path}: can't be removed: {err}; remove it by hand") from err


def _look(folder: Path, room: Room) -> Iterator[Stored]:
    if not folder.exists() or (room.folder and folder.is_symlink()):
        return
    rooms = () if room.folder else tuple(other.folder for other in ROOMS)
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in rooms and entry.is_dir(follow_symlinks=False):
                continue
            with suppress(FileNotFoundError):  # gone meanwhile
                yield Stored(_kind(entry, room), Path(entry), *_measure(Path(entry)))


def _kind(entry: os.DirEntry[str], room: Room) -> str:
    if entry.is_symlink():
        return OTHER
    if re.fullmatch(room.unfinished, entry.name):
        return UNFINISHED
    return room.kind if re.fullmatch(room.part, entry.name) else OTHER


def _measure(path: Path) -> tuple[int, float]:
    """Bytes and last use of a file, or of all files in a folder."""
    about = path.lstat()
    if not stat.S_ISDIR(about.st_mode):
        return about.st_size, max(about.st_atime, about.st_mtime, about.st_ctime)
    with os.scandir(path) as entries:
        within = [_measure(Path(entry)) for entry in entries]
    # Of a folder itself only its change counts: to list it is to read it.
    return sum(size for size, _ in within), max((used for _, used in within), default=about.st_mtime)
