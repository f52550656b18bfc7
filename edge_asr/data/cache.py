"""Feature files on disk: an entry is a folder that is complete and undamaged, or it is not there."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = 1
"""Part of every key. Raise it whenever the same specs and files give other features."""
INDEX = "index.json"
CHUNK = 1 << 22


@dataclass(frozen=True)
class Entry:
    """What one key stands for."""

    tables: dict[str, NDArray[np.float16]]
    """Memory maps, read only."""
    meta: Any
    """The JSON value that was stored beside them."""


def key_of(*parts: Any) -> str:
    """SHA-256 (hexadecimal) of JSON values and of `VERSION`: what the features are made from."""
    text = json.dumps([VERSION, *parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def file_state(path: Path) -> list[int]:
    """Size and time of change (ns) of a file; nothing for one that is gone."""
    try:
        stat = path.stat()
    except OSError:
        return []
    return [stat.st_size, stat.st_mtime_ns]


def open_entry(folder: Path) -> Entry | None:
    """The entry in `folder`, or None where there is none or any byte of it is not what was written."""
    try:
        index = json.loads((folder / INDEX).read_bytes())
        tables = {}
        for name, checksum in index["files"].items():
            path = folder / f"{name}.npy"
            if _checksum(path) != checksum:
                return None
            tables[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        return Entry(tables, index["meta"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError):
        return None


def write_entry(folder: Path, tables: Mapping[str, tuple[tuple[int, ...], Iterable[NDArray[np.float16]]]], meta: Any) -> None:
    """Write an entry; `tables` holds the shape of each and its blocks of rows, in order.

    It is written to a temporary folder and renamed. Where another process has made the same entry meanwhile, that one stays.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".features-", dir=folder.parent))
    try:
        files = {name: _write_table(temporary / f"{name}.npy", *table) for name, table in tables.items()}
        (temporary / INDEX).write_text(json.dumps({"files": files, "meta": meta}), encoding="utf-8")
        try:
            temporary.rename(folder)
        except OSError:  # there is one: damaged, or another process was faster
            if open_entry(folder) is None:
                shutil.rmtree(folder, ignore_errors=True)
                with suppress(OSError):
                    temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_table(path: Path, shape: tuple[int, ...], blocks: Iterable[NDArray[np.float16]]) -> list[int]:
    with path.open("wb") as file:
        header = {"descr": "<f2", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks:
            file.write(np.ascontiguousarray(block, "<f2").tobytes())
    return _checksum(path)


def _checksum(path: Path) -> list[int]:
    """Size and CRC-32 of a file."""
    size = crc = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            size, crc = size + len(chunk), zlib.crc32(chunk, crc)
    return [size, crc]
