"""Small data sets in the layouts of the readers: the sounds are seconds of zeros."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile

RATE = 16000


def sound(path: Path, seconds: float = 2.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(round(seconds * RATE), np.float32), RATE)
    return path


def librispeech(root: Path, part: str, speaker: int, *, chapter: int = 7, sentences: int = 2) -> Path:
    folder = root / part / str(speaker) / str(chapter)
    names = [f"{speaker}-{chapter}-{number:04d}" for number in range(sentences)]
    for name in names:
        sound(folder / f"{name}.flac")
    (folder / f"{speaker}-{chapter}.trans.txt").write_text("".join(f"{name} IT'S A SENTENCE\n" for name in names))
    return root


def ljspeech(root: Path, names: list[str]) -> Path:
    for name in names:
        sound(root / "wavs" / f"{name}.wav")
    (root / "metadata.csv").write_text("".join(f"{name}|In no. 12, a line|In number twelve, so and so\n" for name in names))
    return root


def common_voice(root: Path, lists: Mapping[str, list[tuple[str, str, str]]]) -> Path:
    """`lists`: name of the list to (client_id, clip, sentence)."""
    for name, rows in lists.items():
        for _, clip, _ in rows:
            sound(root / "clips" / clip)
        lines = ["client_id\tpath\tsentence_id\tsentence\tup_votes"]
        lines += [f"{client}\t{clip}\tx\t{sentence}\t2" for client, clip, sentence in rows]
        (root / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def manifest(path: Path, *entries: object) -> Path:
    """A manifest of JSON lines; a text stands as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [entry if isinstance(entry, str) else json.dumps(entry) for entry in entries]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
