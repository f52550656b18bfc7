"""Feature tables from whatever has waveforms: computed once in parts by several processes, then one entry of the cache."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.cache import Entry, open_entry, write_entry
from edge_asr.data.clips import LeftOut
from edge_asr.data.parts import Item, Job, Part, PartMaker, read_part
from edge_asr.data.pool import run_jobs
from edge_asr.data.voices.usage import SpeechSummary
from edge_asr.errors import DataError
from edge_asr.progress import Progress

WAVEFORMS_A_JOB = 1024
"""About this many are computed between two reports of progress, and lost at most by an interruption."""


@dataclass(frozen=True)
class FeatureTable:
    """Features and labels of one split."""

    features: NDArray[np.float16]
    """(clips, variants, frames, features), a memory map: variant 0 is the clip as it came, the others are augmented copies."""
    labels: NDArray[np.int32]
    """(clips,): indexes into `label_names`."""
    ids: tuple[str, ...]
    label_names: tuple[str, ...]


@dataclass(frozen=True)
class Prepared:
    """What training needs of a data set."""

    train: FeatureTable
    validation: FeatureTable
    test: FeatureTable
    summary: str
    """Clips of each split, and how many files were left out and which (the first few)."""
    left_out: tuple[LeftOut, ...] = ()
    spoken: SpeechSummary | None = None
    """What synthetic voices said of it, where that is beside recordings."""


@dataclass(frozen=True)
class Rows:
    """What one table is made of."""

    items: Sequence[Item]
    variants: int
    """Of each item."""


def cached_entry(
    cache_dir: Path, key: str, rows: Mapping[str, Rows], maker: PartMaker, *, workers: int, progress: Progress
) -> Entry:
    """The entry `key` of the cache, made of `rows` (by name of the table) if it is not there.

    Interrupted work goes on where it was. Raises `DataError` when the cache can't be written.
    """
    folder = cache_dir / key
    entry = open_entry(folder)
    if entry is not None:
        return entry
    try:
        return _build(folder, rows, maker, workers, progress)
    except OSError as err:
        raise DataError(f"{cache_dir}: expected a place to keep features, could not write there: {err}") from err


def left_out_of(entry: Entry) -> tuple[LeftOut, ...]:
    """The files that could not be used when `entry` was made."""
    return tuple(LeftOut(Path(path), why) for path, why in entry.meta["left_out"])


def table_of(entry: Entry, name: str, items: Sequence[Item], label_names: tuple[str, ...]) -> FeatureTable:
    """The table `name` of an entry that was made of `items`."""
    labels = {item.id: item.label for item in items}
    ids = tuple(entry.meta["ids"][name])
    return FeatureTable(entry.tables[name], np.array([labels[i] for i in ids], np.int32), ids, label_names)


def _build(folder: Path, rows: Mapping[str, Rows], maker: PartMaker, workers: int, progress: Progress) -> Entry:
    """Make all parts, then the entry from them."""
    parts_folder = folder.with_suffix(".parts")
    jobs = {name: list(_jobs(name, of_table, parts_folder)) for name, of_table in rows.items()}
    total = sum(len(of_table.items) for of_table in rows.values())
    done = 0
    progress("features", done, total)
    with closing(run_jobs(maker, [job for of_table in jobs.values() for job in of_table], workers)) as finished:
        for job in finished:
            done += len(job.items)
            progress("features", done, total)
    entry = open_entry(folder) or _assemble(folder, rows, jobs, maker)  # another process may have been faster
    shutil.rmtree(parts_folder, ignore_errors=True)
    return entry


def _jobs(name: str, rows: Rows, folder: Path) -> Iterator[Job]:
    size = max(1, WAVEFORMS_A_JOB // rows.variants)
    for start in range(0, len(rows.items), size):
        yield Job(folder / f"{name}-{start:07d}.npz", tuple(rows.items[start : start + size]), rows.variants)


def _assemble(folder: Path, rows: Mapping[str, Rows], jobs: Mapping[str, list[Job]], maker: PartMaker) -> Entry:
    """Join the parts, one in memory at a time."""

    def part(job: Job) -> Part:
        # What another process with the same work has cleared away is made again.
        return read_part(job.path) or maker.make(job.items, job.variants)

    ids: dict[str, list[str]] = {}
    left_out = [_row(item) for item in maker.waveforms.left_out]
    tables: dict[str, Any] = {}
    frames = maker.frontend.frames_in(maker.waveforms.length)
    for name, of_table in jobs.items():
        ids[name] = []
        for job in of_table:
            made = part(job)
            ids[name] += made.ids
            left_out += map(_row, made.left_out)
        shape = (len(ids[name]), rows[name].variants, frames, maker.frontend.features)
        tables[name] = (shape, (part(job).features for job in of_table))
    write_entry(folder, tables, {"ids": ids, "left_out": left_out})
    entry = open_entry(folder)
    if entry is None:
        raise DataError(f"{folder}: what was written there is not what can be read; is the disk full or failing?")
    return entry


def _row(item: LeftOut) -> list[str]:
    return [item.path.as_posix(), item.why]
