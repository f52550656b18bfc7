"""From a data set to feature tables that training reads: computed once, then found in the cache."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.config import to_table
from edge_asr.data.cache import Entry, file_state, key_of, open_entry, write_entry
from edge_asr.data.clips import SPLITS, DataSet, LeftOut, Split, describe_left_out
from edge_asr.data.parts import Job, Part, PartMaker, read_part
from edge_asr.data.pool import run_jobs
from edge_asr.data.spec import AugmentSpec, DataSpec
from edge_asr.data.task import Example, examples
from edge_asr.data.waveforms import Waveforms
from edge_asr.errors import DataError
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.progress import Progress, no_progress

WAVEFORMS_A_JOB = 1024
"""About this many are computed between two reports of progress, and lost at most by an interruption."""
FEATURE_MASKS = ("time_masks", "time_mask_frames", "frequency_masks", "frequency_mask_bands")
"""Fields of `AugmentSpec` that act on features while training: they change no table."""


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


def prepare(
    dataset: DataSet,
    frontend: FrontendSpec,
    data: DataSpec,
    augment: AugmentSpec,
    *,
    seed: int,
    cache_dir: Path,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Prepared:
    """Features of every clip: one variant of validation's and test's, 1 + `augment.copies` of training's.

    They are kept in `cache_dir` under the hash of everything that they are made from, and are the same for every number of
    `workers` (processes). Interrupted work goes on where it was. Files that can't be used are left out and named in the
    summary. Raises `DataError` when a label or a split has no usable clip.
    """
    splits = examples(dataset, data, seed)
    maker = PartMaker(Waveforms(dataset.noises, frontend.sample_rate, data, augment, seed), frontend)
    folder = cache_dir / _key(dataset, splits, maker)
    entry = open_entry(folder)
    if entry is None:
        try:
            entry = _build(folder, splits, maker, workers, progress)
        except OSError as err:
            raise DataError(f"{cache_dir}: expected a place to keep features, could not write there: {err}") from err
    return _prepared(dataset, splits, entry, data.labels)


def _key(dataset: DataSet, splits: dict[Split, tuple[Example, ...]], maker: PartMaker) -> str:
    waveforms = maker.waveforms
    specs = [to_table(spec) for spec in (maker.frontend, waveforms.data, waveforms.augment)]
    for name in FEATURE_MASKS:
        del specs[2][name]
    listing = {
        split: [[item.id, item.label, [dataset.clip_id(clip) for clip in item.clips]] for item in items]
        for split, items in splits.items()
    }
    files = {dataset.clip_id(clip): file_state(clip.path) for clip in dataset.clips}
    noises = [[path.name, file_state(path)] for path in dataset.noises]
    return key_of(specs, waveforms.seed, listing, files, noises)


def _build(folder: Path, splits: dict[Split, tuple[Example, ...]], maker: PartMaker, workers: int, progress: Progress) -> Entry:
    """Make all parts, then the entry from them."""
    parts_folder = folder.with_suffix(".parts")
    jobs = {split: list(_jobs(split, items, maker, parts_folder)) for split, items in splits.items()}
    total = sum(map(len, splits.values()))
    done = 0
    progress("features", done, total)
    with closing(run_jobs(maker, [job for split in SPLITS for job in jobs[split]], workers)) as finished:
        for job in finished:
            done += len(job.examples)
            progress("features", done, total)
    entry = open_entry(folder) or _assemble(folder, jobs, maker)  # another process may have been faster
    shutil.rmtree(parts_folder, ignore_errors=True)
    return entry


def _jobs(split: Split, items: tuple[Example, ...], maker: PartMaker, folder: Path) -> Iterator[Job]:
    variants = 1 + maker.waveforms.augment.copies if split == "train" else 1
    size = max(1, WAVEFORMS_A_JOB // variants)
    for start in range(0, len(items), size):
        yield Job(folder / f"{split}-{start:07d}.npz", items[start : start + size], variants)


def _assemble(folder: Path, jobs: dict[Split, list[Job]], maker: PartMaker) -> Entry:
    """Join the parts, one in memory at a time."""

    def part(job: Job) -> Part:
        # What another process with the same work has cleared away is made again.
        return read_part(job.path) or maker.make(job.examples, job.variants)

    ids: dict[str, list[str]] = {}
    left_out = [_row(item) for item in maker.waveforms.noises.left_out]
    tables: dict[str, Any] = {}
    frames = maker.frontend.frames_in(maker.waveforms.length)
    for split, of_split in jobs.items():
        ids[split] = []
        for job in of_split:
            made = part(job)
            ids[split] += made.ids
            left_out += map(_row, made.left_out)
        variants = of_split[0].variants if of_split else 1
        shape = (len(ids[split]), variants, frames, maker.frontend.features)
        tables[split] = (shape, (part(job).features for job in of_split))
    write_entry(folder, tables, {"ids": ids, "left_out": left_out})
    entry = open_entry(folder)
    if entry is None:
        raise DataError(f"{folder}: what was written there is not what can be read; is the disk full or failing?")
    return entry


def _row(item: LeftOut) -> list[str]:
    return [item.path.as_posix(), item.why]


def _prepared(dataset: DataSet, splits: dict[Split, tuple[Example, ...]], entry: Entry, names: tuple[str, ...]) -> Prepared:
    left_out = dataset.left_out + tuple(LeftOut(Path(path), why) for path, why in entry.meta["left_out"])
    tables: dict[str, FeatureTable] = {}
    for split, items in splits.items():
        labels = {item.id: item.label for item in items}
        ids = tuple(entry.meta["ids"][split])
        tables[split] = FeatureTable(entry.tables[split], np.array([labels[i] for i in ids], np.int32), ids, names)
    missing = [name for index, name in enumerate(names) if index not in tables["train"].labels]
    if missing:
        raise DataError(
            f"{dataset.root}: expected clips of every label to train on, found none that can be used of: {', '.join(missing)}"
            + describe_left_out(left_out)
        )
    counts = ", ".join(f"{len(table.ids)} {split}" for split, table in tables.items())
    return Prepared(
        **tables, summary=f"{dataset.name} ({dataset.licence}): {counts}{describe_left_out(left_out)}", left_out=left_out
    )
