"""LJSpeech (Ito and Johnson 2017), and what is laid out like it (M-AILABS): `metadata.csv` and `wavs/`."""

from __future__ import annotations

import re
from pathlib import Path

from edge_asr.data.clips import LeftOut
from edge_asr.data.transcribed.row import NOT_STATED, Row, Rows, audio_named, is_file, lines_of

LICENCE = "public domain, LJSpeech"
SPEAKER = "LJ"
NAME = re.compile(r"(LJ\d{3})-(\d{3})\d")


def fits(root: Path) -> bool:
    """Whether `root` has the list and the folder of sounds."""
    return is_file(root / "metadata.csv") and (root / "wavs").is_dir()


def rows(root: Path) -> Rows:
    """All utterances: `<name>|<text>|<the same with numbers and titles as words>`, of which the last column is read.

    No split is said. Sentences of one chapter stay together (with few chapters, ten that follow each other).
    """
    metadata = root / "metadata.csv"
    for line in lines_of(metadata):
        if isinstance(line, LeftOut):
            yield line
            continue
        name, *texts = line.split("|")
        path = audio_named(root / "wavs", name)
        if path is None or not texts:
            yield LeftOut(metadata, f"line not `<name>|<text>|<text>`: {line[:40]}")
            continue
        known = NAME.fullmatch(name)
        groups = (known[1], f"{known[1]}-{known[2]}") if known else (name.rpartition("_")[0],)
        yield Row(name, path, texts[-1], SPEAKER if known else None, None, groups, LICENCE if known else NOT_STATED)
