"""The tables that a recogniser's training reads: computed once from everything there is, then found in the cache."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from edge_asr.config import to_table
from edge_asr.data.cache import Entry, file_state, key_of, open_entry, write_entry
from edge_asr.data.clips import SPLITS, LeftOut, Split, describe_left_out
from edge_asr.data.pool import run_jobs
from edge_asr.data.prepare import FEATURE_MASKS
from edge_asr.data.spec import AugmentSpec
from edge_asr.data.speech_material import SpeechPlaces, find_speech
from edge_asr.data.speech_parts import SpeechJob, SpeechPart, SpeechPartMaker, read_speech_part
from edge_asr.data.speech_rows import SpeechRow
from edge_asr.data.speech_spec import SpeechSpec
from edge_asr.data.speech_table import PreparedSpeech, SpeechTable
from edge_asr.data.speech_tokens import tokens_for, writable
from edge_asr.data.speech_waveforms import SpeechWaveforms
from edge_asr.data.tokens import Tokens
from edge_asr.errors import DataError
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.progress import Progress, no_progress

ROWS_A_JOB = 200


def prepare_speech(
    spec: SpeechSpec,
    augment: AugmentSpec,
    frontend: FrontendSpec,
    places: SpeechPlaces,
    *,
    seed: int,
    cache_dir: Path,
    workers: int = 1,
    progress: Progress = no_progress,
) -> PreparedSpeech:
    """Features and tokens of every row that `spec` asks for.

    They are kept in `cache_dir` under the hash of everything that they are made from, and are the same for every number of
    `workers` (processes). Interrupted work goes on where it was. Rows whose files can't be used, or whose text has what the
    tokens can't write, are left out and counted in the summary. Raises `DataError` when nothing is left to train on or to
    validate with, and as `find_speech` does.
    """
    voices_dir = cache_dir / "voices"
    material = find_speech(spec, places, augment.copies, seed=seed, voices_dir=voices_dir, workers=workers, progress=progress)
    tokens = tokens_for(spec)
    rows, unwritable = writable(material.rows, spec, tokens)
    waveforms = SpeechWaveforms(material.noise, frontend.sample_rate, spec, augment, seed)
    maker = SpeechPartMaker(waveforms, frontend)
    folder = cache_dir / _key(rows, waveforms, frontend)
    try:
        entry = open_entry(folder) or _build(folder, rows, maker, workers, progress)
    except OSError as err:
        raise DataError(f"{cache_dir}: expected a place to keep features, could not write there: {err}") from err
    # A word that can't be used is left out of every string that it was drawn for.
    broken = dict.fromkeys(LeftOut(Path(path), why) for path, why in entry.meta["left_out"])
    left_out = (*material.left_out, *broken)
    texts = {row.id: row.text for row in rows}
    tables = {split: _table(entry, split, texts, tokens) for split in SPLITS}
    for split in ("train", "validation"):
        if not len(tables[split]):
            raise DataError(f"expected utterances for {split}, found none{describe_left_out(left_out)}; {material.summary}")
    counts = ", ".join(f"{len(table)} {split}" for split, table in tables.items())
    dropped = f"; {unwritable} that the tokens can't write left out" if unwritable else ""
    summary = f"{counts}; {material.summary}{dropped}{describe_left_out(left_out)}"
    return PreparedSpeech(**tables, tokens=tokens, summary=summary, left_out=left_out)


def _key(rows: Sequence[SpeechRow], waveforms: SpeechWaveforms, frontend: FrontendSpec) -> str:
    augment = to_table(waveforms.augment)
    for name in (*FEATURE_MASKS, "copies"):  # the rows tell how many
        del augment[name]
    speech = waveforms.speech
    drawn = [speech.gap_ms, speech.close_share, speech.word_speed, speech.telephone, speech.lead_ms, speech.trail_ms]
    listing = [[row.id, row.split, _said(row), row.variants.start, row.variants.stop] for row in rows]
    noise = [[file.path.name, file_state(file.path), file.start] for split in SPLITS for file in waveforms.noise[split]]
    return key_of("speech", to_table(frontend), augment, drawn, waveforms.seed, listing, noise)


def _said(row: SpeechRow) -> list[Any]:
    if row.heard is not None:
        pieces = row.heard.pieces
        return [row.heard.seconds, [[p.clip.path.name, file_state(p.clip.path), p.start, p.seconds, p.at] for p in pieces]]
    return [[one.path.name, file_state(one.path), one.start, one.end] for one in row.said]


def _build(folder: Path, rows: Sequence[SpeechRow], maker: SpeechPartMaker, workers: int, progress: Progress) -> Entry:
    """Make all parts, then the entry from them."""
    parts = folder.with_suffix(".parts")
    jobs = {split: _jobs(parts, split, [row for row in rows if row.split == split]) for split in SPLITS}
    done = 0
    progress("features", done, len(rows))
    with closing(run_jobs(maker, [job for split in SPLITS for job in jobs[split]], workers)) as finished:
        for job in finished:
            done += len(job.rows)
            progress("features", done, len(rows))
    entry = open_entry(folder) or _assemble(folder, jobs, maker)  # another process may have been faster
    shutil.rmtree(parts, ignore_errors=True)
    return entry


def _jobs(folder: Path, split: Split, rows: Sequence[SpeechRow]) -> list[SpeechJob]:
    starts = range(0, len(rows), ROWS_A_JOB)
    return [SpeechJob(folder / f"{split}-{start:07d}.npz", tuple(rows[start : start + ROWS_A_JOB])) for start in starts]


def _assemble(folder: Path, jobs: dict[Split, list[SpeechJob]], maker: SpeechPartMaker) -> Entry:
    """Join the parts, one in memory at a time."""

    def part(job: SpeechJob) -> SpeechPart:
        # What another process with the same work has cleared away is made again.
        return read_speech_part(job.path) or maker.make(job.rows)

    meta: dict[str, Any] = {"left_out": [[item.path.as_posix(), item.why] for item in maker.waveforms.left_out]}
    tables: dict[str, Any] = {}
    for split in SPLITS:
        ids: list[str] = []
        lengths: list[int] = []
        for job in jobs[split]:
            made = part(job)
            ids += made.ids
            lengths += made.lengths.tolist()
            meta["left_out"] += [[item.path.as_posix(), item.why] for item in made.left_out]
        meta[split] = {"ids": ids, "lengths": lengths}
        tables[split] = ((sum(lengths), maker.frontend.features), (part(job).features for job in jobs[split]))
    write_entry(folder, tables, meta)
    entry = open_entry(folder)
    if entry is None:
        raise DataError(f"{folder}: what was written there is not what can be read; is the disk full or failing?")
    return entry


def _table(entry: Entry, split: Split, texts: dict[str, str], tokens: Tokens) -> SpeechTable:
    ids: list[str] = entry.meta[split]["ids"]
    said = [texts[one.rsplit("#", 1)[0]] for one in ids]
    written = [tokens.encode(text) for text in said]
    return SpeechTable(
        features=entry.tables[split],
        starts=_starts(entry.meta[split]["lengths"]),
        tokens=np.concatenate([*written, np.zeros(0, np.int32)]),
        token_starts=_starts([len(one) for one in written]),
        ids=tuple(ids),
        texts=tuple(said),
    )


def _starts(lengths: Sequence[int]) -> np.ndarray:
    return np.concatenate(([0], np.cumsum(np.asarray(lengths, np.int64)))).astype(np.int64)
