"""From a data set to feature tables that training reads: computed once, then found in the cache."""

from __future__ import annotations

from pathlib import Path

from edge_asr.config import to_table
from edge_asr.data.cache import Entry, file_state, key_of
from edge_asr.data.clips import DataSet, Split, describe_left_out
from edge_asr.data.parts import DeviceFrontEnd, PartMaker
from edge_asr.data.spec import AugmentSpec, DataSpec
from edge_asr.data.tables import Prepared, Rows, cached_entry, left_out_of, table_of
from edge_asr.data.task import Example, examples
from edge_asr.data.waveforms import Waveforms
from edge_asr.errors import DataError
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.progress import Progress, no_progress

FEATURE_MASKS = ("time_masks", "time_mask_frames", "frequency_masks", "frequency_mask_bands")
"""Fields of `AugmentSpec` that act on features while training: they change no table."""


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
    waveforms = Waveforms(dataset.noises, frontend.sample_rate, data, augment, seed)
    rows: dict[str, Rows] = {split: Rows(items, 1 + augment.copies if split == "train" else 1) for split, items in splits.items()}
    entry = cached_entry(
        cache_dir,
        _key(dataset, splits, waveforms, frontend),
        rows,
        PartMaker(waveforms, DeviceFrontEnd(frontend)),
        workers=workers,
        progress=progress,
    )
    return _prepared(dataset, splits, entry, data.labels)


def _key(dataset: DataSet, splits: dict[Split, tuple[Example, ...]], waveforms: Waveforms, frontend: FrontendSpec) -> str:
    specs = [to_table(spec) for spec in (frontend, waveforms.data, waveforms.augment)]
    for name in FEATURE_MASKS:
        del specs[2][name]
    listing = {
        split: [[item.id, item.label, [dataset.clip_id(clip) for clip in item.clips]] for item in items]
        for split, items in splits.items()
    }
    files = {dataset.clip_id(clip): file_state(clip.path) for clip in dataset.clips}
    noises = [[path.name, file_state(path)] for path in dataset.noises]
    return key_of(specs, waveforms.seed, listing, files, noises)


def _prepared(dataset: DataSet, splits: dict[Split, tuple[Example, ...]], entry: Entry, names: tuple[str, ...]) -> Prepared:
    left_out = dataset.left_out + left_out_of(entry)
    tables = {split: table_of(entry, split, items, names) for split, items in splits.items()}
    missing = [name for index, name in enumerate(names) if index not in tables["train"].labels]
    if missing:
        raise DataError(
            f"{dataset.root}: expected clips of every label to train on, found none that can be used of: {', '.join(missing)}"
            + describe_left_out(left_out)
        )
    counts = ", ".join(f"{len(table.ids)} {split}" for split, table in tables.items())
    summary = f"{dataset.name} ({dataset.licence}): {counts}{describe_left_out(left_out)}"
    return Prepared(tables["train"], tables["validation"], tables["test"], summary, left_out)
