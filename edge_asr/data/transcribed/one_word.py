"""Data sets of single words, each clip an utterance: Speech Commands and FSDD."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge_asr.bundle.manifest import UNKNOWN
from edge_asr.data.clips import DataSet
from edge_asr.data.fsdd import NAME, read_fsdd
from edge_asr.data.negative_layouts import DIGITS
from edge_asr.data.spec import DataSpec
from edge_asr.data.speech_commands import MARK, read_speech_commands
from edge_asr.data.transcribed.row import Row, Rows
from edge_asr.data.walk import subfolders

SPEC = DataSpec(reader="fsdd", labels=(UNKNOWN, *DIGITS))
"""The readers take only the percentages of their splits from it."""


def fits_speech_commands(root: Path) -> bool:
    """Whether a folder in `root` has clips that are named as Speech Commands names them."""
    return root.is_dir() and any(next(folder.glob(f"*{MARK}*"), None) for folder in subfolders(root))


def fits_fsdd(root: Path) -> bool:
    """Whether `root`, or its folder `recordings`, has clips that are named as FSDD names them."""
    return any(NAME.fullmatch(path.stem) for folder in (root, root / "recordings") for path in folder.glob("[0-9]_*_[0-9]*.*"))


def speech_commands_rows(root: Path) -> Rows:
    """All words but `_unknown_` and `_silence_`, in the official splits."""
    return _rows(root, read_speech_commands, lambda word: "" if word.startswith("_") else word)


def fsdd_rows(root: Path) -> Rows:
    """All digits as words; takes 0 to 4 are the test."""
    return _rows(root, read_fsdd, lambda digit: DIGITS[int(digit)])


def _rows(root: Path, read: Callable[[Path, DataSpec], DataSet], text: Callable[[str], str]) -> Rows:
    dataset = read(root, SPEC)
    yield from dataset.left_out
    for clip in dataset.clips:
        yield Row(dataset.clip_id(clip), clip.path, text(clip.word), clip.speaker, clip.split, (), dataset.licence)
