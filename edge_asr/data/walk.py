"""Finding audio files in folders."""

from __future__ import annotations

from pathlib import Path

from edge_asr.data.audio_file import SUFFIXES
from edge_asr.data.clips import LeftOut
from edge_asr.errors import DataError

NOISE_FOLDER = "_background_noise_"


def subfolders(root: Path) -> list[Path]:
    """The folders in `root`, sorted, hidden ones left aside. Raises `DataError` when `root` is no readable folder."""
    try:
        return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as err:
        raise DataError(f"{root}: expected a folder of recordings, found: {err.strerror or err}") from err


def audio_files(folder: Path, *, deep: bool = False, suffixes: tuple[str, ...] = SUFFIXES) -> tuple[list[Path], list[LeftOut]]:
    """The audio files in `folder` (and below it when `deep`), sorted, and the other files there. Hidden ones don't count."""
    found: list[Path] = []
    left_out: list[LeftOut] = []
    for path in sorted(folder.rglob("*") if deep else folder.iterdir()):
        if path.name.startswith(".") or not path.is_file():
            continue
        if path.suffix.lower() in suffixes:
            found.append(path)
        elif path.suffix.lower() not in (".md", ".txt"):
            left_out.append(LeftOut(path, f"not one of {', '.join(suffixes)}"))
    return found, left_out
