"""What is said in the files of a data set, as its own text files tell it."""

from __future__ import annotations

import csv
from pathlib import Path, PurePath

from edge_asr.data.clips import Split
from edge_asr.errors import DataError


def read_transcripts(path: Path, separator: str) -> dict[str, str]:
    """File name without ending to text, from lines `name<separator>text`; nothing where there is no such file.

    Raises `DataError` when it can't be read.
    """
    lines = (line.partition(separator) for line in _lines(path))
    return {name.strip(): text.replace(separator, " ") for name, mark, text in lines if mark}


def read_common_voice(root: Path) -> dict[str, tuple[Split | None, str | None, str]]:
    """File name without ending to split, speaker and text, from Common Voice's lists (`validated.tsv` and others) in `root`.

    A speaker of `test.tsv` is test's in all lists, one of `dev.tsv` validation's. Raises `DataError` when one can't be read.
    """
    lists = {
        name: list(csv.DictReader(_lines(root / f"{name}.tsv"), delimiter="\t", quoting=csv.QUOTE_NONE))
        for name in ("other", "invalidated", "validated", "train", "dev", "test")
    }
    splits: dict[str, Split] = {}
    for name, split in (("train", "train"), ("dev", "validation"), ("test", "test")):
        splits |= {row.get("client_id") or "": split for row in lists[name]}  # type: ignore[misc]
    return {
        PurePath(row.get("path") or "").stem: (splits.get(speaker), speaker or None, row.get("sentence") or "")
        for rows in lists.values()
        for row in rows
        for speaker in (row.get("client_id") or "",)
    }


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as err:
        raise DataError(f"{path}: expected a list of files and texts, found: {err.strerror or err}") from err
