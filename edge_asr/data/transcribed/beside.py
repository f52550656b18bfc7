"""A folder of sounds, each with a text file of the same name beside it: `a/1.wav`, `a/1.txt`."""

from __future__ import annotations

from pathlib import Path

from edge_asr.data.clips import LeftOut
from edge_asr.data.transcribed.row import SUFFIXES, Row, Rows, is_file, lines_of, split_named


def fits(root: Path) -> bool:
    """Whether a text file stands beside some sound below `root`."""
    return any(is_file(path.with_suffix(suffix)) for path in root.rglob("*.txt") for suffix in SUFFIXES)


def rows(root: Path) -> Rows:
    """All sounds below `root`. A folder is a speaker; folders above it may tell the split (`train/ann/1.wav`)."""
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or not is_file(path):
            continue
        written = path.with_suffix(".txt")
        if not is_file(written):
            yield LeftOut(path, "no text file of its name beside it")
            continue
        lines = list(lines_of(written))
        bad = next((line for line in lines if isinstance(line, LeftOut)), None)
        if bad is not None:
            yield bad
            continue
        folders = path.relative_to(root).parts[:-1]
        split = next((named for folder in folders if (named := split_named(folder))), None)
        speaker = folders[-1] if folders and not split_named(folders[-1]) else None
        yield Row(path.relative_to(root).as_posix(), path, " ".join(map(str, lines)), speaker, split)
