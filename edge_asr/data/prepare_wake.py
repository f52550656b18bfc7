"""From windows to the feature tables that training reads, computed once, then found in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_asr.config import to_table
from edge_asr.data.cache import file_state, key_of
from edge_asr.data.clips import SPLITS, describe_left_out
from edge_asr.data.excerpt import Excerpt
from edge_asr.data.parts import DeviceFrontEnd, PartMaker
from edge_asr.data.prepare import FEATURE_MASKS
from edge_asr.data.speech_embedding import SpeechEmbedding
from edge_asr.data.tables import Prepared, Rows, cached_entry, left_out_of, table_of
from edge_asr.data.wake_waveforms import WakeWaveforms
from edge_asr.data.wake_windows import Sound, WakeWindow
from edge_asr.errors import DataError
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.progress import Progress, no_progress


def prepare_wake(
    windows: Sequence[WakeWindow],
    waveforms: WakeWaveforms,
    frontend: FrontendSpec | SpeechEmbedding,
    *,
    cache_dir: Path,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Prepared:
    """Features of every window: one variant of validation's and test's, 1 + `augment.copies` of training's.

    With another `frontend` the same windows, each in the same place of its table.

    They are kept in `cache_dir` under the hash of everything that they are made from; interrupted work goes on where it was.
    Raises `DataError` when the cache can't be written.
    """
    labels = waveforms.wake.labels
    splits = {split: [window for window in windows if window.split == split] for split in SPLITS}
    copies = 1 + waveforms.augment.copies
    rows: dict[str, Rows] = {split: Rows(items, copies if split == "train" else 1) for split, items in splits.items()}
    maker = PartMaker(waveforms, DeviceFrontEnd(frontend) if isinstance(frontend, FrontendSpec) else frontend)
    entry = cached_entry(cache_dir, _key(windows, waveforms, frontend), rows, maker, workers=workers, progress=progress)
    tables = {split: table_of(entry, split, items, labels) for split, items in splits.items()}
    left_out = left_out_of(entry)
    counts = ", ".join(f"{len(table.ids)} {split}" for split, table in tables.items())
    summary = f"windows: {counts}{describe_left_out(left_out)}"
    return Prepared(tables["train"], tables["validation"], tables["test"], summary, left_out)


def expect_every_label(prepared: Prepared) -> None:
    """Raise `DataError` when a label has nothing to train on."""
    table = prepared.train
    missing = [name for index, name in enumerate(table.label_names) if index not in table.labels]
    if missing:
        raise DataError(
            f"expected sounds of every label to train on, found none that can be used of: {', '.join(missing)}"
            + describe_left_out(prepared.left_out)
        )


def _key(windows: Sequence[WakeWindow], waveforms: WakeWaveforms, frontend: FrontendSpec | SpeechEmbedding) -> str:
    specs = [to_table(spec) for spec in (frontend, waveforms.augment)]
    for name in FEATURE_MASKS:
        del specs[1][name]
    listing = [[item.id, item.label, item.split, _sound(item.sound), item.ends] for item in windows]
    around = {
        split: [_sound(file if isinstance(file, Excerpt) else Excerpt(file, 0.0, 0.0)) for file in (*files.noise, *files.speech)]
        for split, files in waveforms.around.items()
    }
    # What else the [wake] table says is in the listing, or acts later.
    placing = [waveforms.wake.surrounded, waveforms.wake.gap_ms]
    return key_of("wake", specs, placing, waveforms.clip_seconds, waveforms.seed, listing, around)


def _sound(sound: Sound | None) -> list[Any]:
    if sound is None:
        return []
    if isinstance(sound, Excerpt):
        return [sound.path.name, file_state(sound.path), sound.start, sound.end]
    pieces = [[piece.clip.path.name, file_state(piece.clip.path), piece.start, piece.seconds, piece.at] for piece in sound.pieces]
    return [sound.seconds, pieces]
