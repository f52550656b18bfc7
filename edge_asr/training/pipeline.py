"""From a recipe file and a place with recordings to a trained run folder, and from there to a bundle."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.config import apply_overrides
from edge_asr.data.clips import DataSet
from edge_asr.data.prepare import prepare
from edge_asr.data.readers import read_dataset
from edge_asr.data.tables import Prepared
from edge_asr.errors import TrainingError
from edge_asr.files import write_whole
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.progress import Progress, no_progress
from edge_asr.training.backend import load_keras
from edge_asr.training.recipe import Recipe, load_recipe, recipe_from_table, recipe_table
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.workers import Workers
from edge_asr.training.workshop import Workshop

if TYPE_CHECKING:
    from edge_asr.training.fit import OnEpoch, TrainResult
    from edge_asr.training.quantize_report import QuantizeReport

TEACHERS_SAY = "teacher_logits.npy"
"""In a run folder: what the recipe's teachers said, for resuming and for quantisation-aware fine-tuning."""


def prepare_data(recipe: Recipe, data: Path, *, cache_dir: Path, workers: int, progress: Progress = no_progress) -> Prepared:
    """The recipe's feature tables of the recordings at `data`, from the cache where it has them. Raises `DataError`."""
    dataset = read_dataset(recipe.data, data, progress=progress)
    return prepare_dataset(recipe, dataset, cache_dir=cache_dir, workers=workers, progress=progress)


def prepare_dataset(
    recipe: Recipe, dataset: DataSet, *, cache_dir: Path, workers: int, progress: Progress = no_progress
) -> Prepared:
    """The same of a data set that has been read."""
    return prepare(
        dataset,
        recipe.frontend,
        recipe.data,
        recipe.augment,
        seed=recipe.train.seed,
        cache_dir=cache_dir,
        workers=workers,
        progress=progress,
    )


def train_run(
    recipe_path: Path,
    data: Path,
    run_dir: Path,
    *,
    overrides: Sequence[str] = (),
    resume: bool = False,
    together: Workers | None = None,
    cache_dir: Path,
    workers: int,
    progress: Progress = no_progress,
    on_epoch: OnEpoch | None = None,
) -> TrainResult:
    """Train the recipe at `recipe_path`; its teachers' paths are relative to it.

    `together`: which machines share every batch, None: this one alone. Raises any `EdgeAsrError` but `AudioError`.
    """
    load_keras()
    from edge_asr.training.fit import train
    from edge_asr.training.team import Team

    recipe = load_recipe(recipe_path, overrides)
    folder = RunFolder(run_dir)
    if not resume:
        folder.expect_no_run()  # before anything of it is overwritten, and before minutes of work
    team = Team(together)
    prepared = prepare_data(recipe, data, cache_dir=cache_dir, workers=workers, progress=progress)
    logits = None
    if recipe.train.teachers:
        said = run_dir / TEACHERS_SAY
        # Without a finished epoch nothing tells whether these are the answers to this recipe.
        if not (folder.has_checkpoint() and said.exists()):
            base = recipe_path if recipe_path.is_dir() else recipe_path.parent
            _ask_teachers(said, recipe, base, data, cache_dir, workers, progress)
        logits = _read_logits(said)
    return train(recipe, prepared, run_dir, resume=resume, team=team, teacher_logits=logits, progress=progress, on_epoch=on_epoch)


def quantize_run(
    run_dir: Path,
    data: Path | None,
    bundle_dir: Path,
    *,
    overrides: Sequence[str] = (),
    cache_dir: Path,
    workers: int,
    progress: Progress = no_progress,
) -> QuantizeReport:
    """Make the trained network in `run_dir` int8. `overrides` are `--set` values; only `[quantize]` and `[detect]` can change.

    `data`: the place of the recordings; None for a wake word, whose run folder knows what it was made of, and whose thresholds
    are chosen anew.
    """
    load_keras()
    from edge_asr.training.quantize import quantize

    recipe = RunFolder(run_dir).recipe()
    changed = recipe_from_table(apply_overrides(recipe_table(recipe), overrides), source=str(run_dir / "recipe.toml"))
    if replace(changed, quantize=recipe.quantize, detect=recipe.detect) != recipe:
        raise TrainingError(
            f"{run_dir}: expected --set quantize.KEY=VALUE or detect.KEY=VALUE, found changes to what was trained; train again"
        )
    if changed.wake is not None:
        from edge_asr.training.wake import quantize_wake

        return quantize_wake(Workshop(changed, run_dir, cache_dir, workers, progress), bundle_dir)[0]
    if data is None:
        raise TrainingError(f"{run_dir}: expected the place of the recordings that it was trained on, found none")
    prepared = prepare_data(recipe, data, cache_dir=cache_dir, workers=workers, progress=progress)
    logits = _read_logits(run_dir / TEACHERS_SAY) if recipe.train.teachers else None
    return quantize(
        run_dir, prepared, bundle_dir, settings=changed.quantize, detect=changed.detect, teacher_logits=logits, progress=progress
    )


def _ask_teachers(said: Path, recipe: Recipe, base: Path, data: Path, cache_dir: Path, workers: int, progress: Progress) -> None:
    from edge_asr.training.distill import teacher_logits

    def table_for(frontend: FrontendSpec) -> Any:
        heard = replace(recipe, frontend=frontend)
        return prepare_data(heard, data, cache_dir=cache_dir, workers=workers, progress=progress).train

    logits = teacher_logits([base / name for name in recipe.train.teachers], table_for, progress=progress)
    content = io.BytesIO()
    np.save(content, logits)
    try:
        write_whole(said, content.getvalue())
    except OSError as err:
        raise TrainingError(f"{said}: can't be written: {err}") from err


def _read_logits(path: Path) -> NDArray[np.float16]:
    try:
        logits: NDArray[np.float16] = np.load(path)
    except (OSError, ValueError) as err:
        raise TrainingError(f"{path}: expected what the teachers said, found: {err}; train again without --resume") from err
    return logits
