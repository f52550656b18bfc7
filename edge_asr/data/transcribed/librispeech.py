"""LibriSpeech (Panayotov et al., ICASSP 2015) and its kin: `<part>/<speaker>/<chapter>/<speaker>-<chapter>.trans.txt`."""

from __future__ import annotations

from pathlib import Path

from edge_asr.data.clips import LeftOut, Split
from edge_asr.data.transcribed.row import Row, Rows, audio_named, is_file, lines_of, split_named

LICENCE = "CC BY 4.0, LibriSpeech"
DEPTHS = ("*/*/*/*.trans.txt", "*/*/*.trans.txt")
"""From the folder of the parts (`train-clean-100`, ...), and from one part."""
TOGETHER = 10
"""Utterances that follow each other."""


def fits(root: Path) -> bool:
    """Whether `root` is LibriSpeech's folder or one of its parts."""
    return any(next(root.glob(depth), None) is not None for depth in DEPTHS)


def rows(root: Path) -> Rows:
    """All utterances. The split is the part's by its name, else the speaker's by `SPEAKERS.TXT`, else left open."""
    subsets = _subsets(root)
    for transcript in sorted(path for depth in DEPTHS for path in root.glob(depth)):
        chapter, speaker = transcript.parent.name, transcript.parent.parent.name
        split = split_named(transcript.parent.parent.parent.name) or subsets.get(speaker)
        for line in lines_of(transcript):
            if isinstance(line, LeftOut):
                yield line
                continue
            name, _, text = line.partition(" ")
            path, number = audio_named(transcript.parent, name), name.rpartition("-")[2]
            if path is None or not number.isdecimal():
                yield LeftOut(transcript, f"line not `<speaker>-<chapter>-<n> <text>`: {line[:40]}")
                continue
            groups = (f"{speaker}-{chapter}", f"{speaker}-{chapter}-{int(number[:9]) // TOGETHER}")
            yield Row(name, path, text, speaker, split, groups, LICENCE)


def _subsets(root: Path) -> dict[str, Split]:
    """Speaker to split from `SPEAKERS.TXT` (`id | sex | subset | minutes | name`) in `root` or above."""
    place = next((path for path in (root / "SPEAKERS.TXT", root.parent / "SPEAKERS.TXT") if is_file(path)), None)
    if place is None:
        return {}
    lines = [line for line in lines_of(place) if isinstance(line, str) and not line.startswith(";")]
    columns = [[column.strip() for column in line.split("|")] for line in lines]
    return {line[0]: split for line in columns if len(line) > 2 and (split := split_named(line[2]))}
