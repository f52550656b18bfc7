"""From a bundle and a place with recordings to an evaluation, its page and its JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from edge_asr.config import build
from edge_asr.data.clips import SPLITS
from edge_asr.data.readers import read_dataset
from edge_asr.data.spec import DataSpec
from edge_asr.errors import ConfigError, DataError
from edge_asr.files import write_whole
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.engine import load_engine
from edge_asr.training.evaluate import Evaluation, evaluate, to_json
from edge_asr.training.labelled import folder_clips, split_clips
from edge_asr.training.report import write_report

FOLDER = "folder"


def judge_bundle(
    bundle: Path,
    data: Path,
    *,
    reader: str = FOLDER,
    split: str = "test",
    others_are_unknown: bool = False,
    run_dir: Path | None = None,
    report: Path | None = None,
    json_file: Path | None = None,
    progress: Progress = no_progress,
) -> Evaluation:
    """Evaluate `bundle` on recordings, and write the page `report` and the file `json_file` if they are named.

    With the reader `folder`, all clips in the subfolders of `data` that are named like labels; with another, `split` of a
    data set, under the task's conventions. `run_dir` gives the page its training curves. Raises any `EdgeAsrError`.
    """
    engine = load_engine(bundle)
    if reader == FOLDER:
        clips, left_out = folder_clips(data, engine, others_are_unknown=others_are_unknown)
        name = data.resolve().name
    else:
        if split not in SPLITS:
            raise ConfigError(f"--split: expected one of {', '.join(SPLITS)}, found {split!r}")
        spec = build(DataSpec, {"reader": reader, "labels": list(engine.labels)}, source="--reader")
        dataset = read_dataset(spec, data, progress=progress)
        clips, left_out = split_clips(dataset, spec, split, engine), dataset.left_out
        name = f"{dataset.name}, {split} split"
    evaluation = evaluate(engine, clips, data=name, left_out=left_out, progress=progress)
    if report is not None:
        _write_page(report, evaluation, run_dir, engine.manifest.provenance)
    if json_file is not None:
        write_json(json_file, to_json(evaluation))
    return evaluation


def _write_page(report: Path, evaluation: Evaluation, run_dir: Path | None, provenance: dict[str, object]) -> None:
    from edge_asr.training.run_folder import RunFolder

    history = RunFolder(run_dir).history() if run_dir else ()
    quantized = provenance.get("quantize")
    write_report(report, evaluation, history=history, quantized=quantized if isinstance(quantized, dict) else None)


def write_json(path: Path, table: Mapping[str, object]) -> None:
    """Write `table` to `path`, whole or not at all. Raises `DataError`."""
    try:
        write_whole(path, (json.dumps(table, indent=1) + "\n").encode())
    except OSError as err:
        raise DataError(f"{path}: can't be written: {err}") from err
