"""From a recipe file and a place with recordings to a trained run folder, and from there to a bundle."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.config import apply_overrides
from edge_asr.data.clips import DataSet
from edge_asr.data.prepare import prepare
from edge_asr.data.readers import read_dataset
from edge_asr.data.spoken_clips import is_spoken, with_voices
from edge_asr.data.tables import FeatureTable, Prepared
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


def prepare_dataset(
    recipe: Recipe,
    dataset: DataSet,
    *,
    piper_voices: Path | None = None,
    cache_dir: Path,
    workers: int,
    progress: Progress = no_progress,
) -> Prepared:
    """The recipe's feature tables of `dataset`, and of what its voices say beside it. What the cache has is taken from there.

    `piper_voices`: the folder with Piper's voices, None is the usual one. Raises `DataError`, and `SynthesisError` where voices
    are wanted and can't speak.
    """
    spoken = None
    if recipe.voices is not None:
        dataset, spoken = with_voices(
            dataset,
            recipe.voices,
            recipe.data.labels,
            cache_dir / "voices",
            seed=recipe.train.seed,
            piper_voices=piper_voices,
            workers=workers,
            progress=progress,
        )
    prepared = prepare(
        dataset,
        recipe.frontend,
        recipe.data,
        recipe.augment,
        seed=recipe.train.seed,
        cache_dir=cache_dir,
        workers=workers,
        progress=progress,
    )
    return replace(prepared, spoken=spoken)


def train_run(
    recipe_path: Path,
    data: Path,
    run_dir: Path,
    *,
    overrides: Sequence[str] = (),
    resume: bool = False,
    begin_with: Path | None = None,
    together: Workers | None = None,
    piper_voices: Path | None = None,
    cache_dir: Path,
    workers: int,
    progress: Progress = no_progress,
    on_epoch: OnEpoch | None = None,
) -> TrainResult:
    """Train the recipe at `recipe_path`; its teachers' paths are relative to it.

    `begin_with`: see `train`. `together`: which machines share every batch, None: this one alone. `piper_voices`: as for
    `prepare_dataset`. Raises any `EdgeAsrError` but `AudioError`.
    """
    load_keras()
    from edge_asr.training.fit import train
    from edge_asr.training.team import Team

    recipe = load_recipe(recipe_path, overrides)
    folder = RunFolder(run_dir)
    if not resume:
        folder.expect_no_run()  # before anything of it is overwritten, and before minutes of work
    if begin_with is not None:
        RunFolder(begin_with).model()  # likewise
    team = Team(together)
    piper = piper_voices.absolute() if piper_voices else None
    dataset = read_dataset(recipe.data, data, progress=progress)
    prepare_for = partial(
        prepare_dataset, dataset=dataset, piper_voices=piper, cache_dir=cache_dir, workers=workers, progress=progress
    )
    prepared = prepare_for(recipe)
    logits = None
    if recipe.train.teachers:
        said = run_dir / TEACHERS_SAY
        # Without a finished epoch nothing tells whether these are the answers to this recipe.
        if not (folder.has_checkpoint() and said.exists()):
            base = recipe_path if recipe_path.is_dir() else recipe_path.parent
            _ask_teachers(said, recipe, base, prepared.train, prepare_for, progress)
        logits = _read_logits(said)
    return train(
        recipe,
        prepared,
        run_dir,
        resume=resume,
        begin_with=begin_with,
        facts=_voice_facts(prepared, piper),
        team=team,
        teacher_logits=logits,
        progress=progress,
        on_epoch=on_epoch,
    )


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

    folder = RunFolder(run_dir)
    recipe = folder.recipe()
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
    piper = folder.info().get("piper_voices")
    prepared = prepare_dataset(
        recipe,
        read_dataset(recipe.data, data, progress=progress),
        piper_voices=Path(piper) if piper else None,
        cache_dir=cache_dir,
        workers=workers,
        progress=progress,
    )
    logits = _read_logits(run_dir / TEACHERS_SAY) if recipe.train.teachers else None
    return quantize(
        run_dir, prepared, bundle_dir, settings=changed.quantize, detect=changed.detect, teacher_logits=logits, progress=progress
    )


def _voice_facts(prepared: Prepared, piper_voices: Path | None) -> dict[str, Any]:
    """For `run.json`: who spoke, how often, with which seed and under which licences."""
    if prepared.spoken is None:
        return {}
    return {"spoken": asdict(prepared.spoken), "piper_voices": str(piper_voices) if piper_voices else ""}


def _ask_teachers(
    said: Path, recipe: Recipe, base: Path, table: FeatureTable, prepare_for: Callable[[Recipe], Prepared], progress: Progress
) -> None:
    from edge_asr.training.distill import corrected, teacher_logits

    def table_for(frontend: FrontendSpec) -> FeatureTable:
        return table if frontend == recipe.frontend else prepare_for(replace(recipe, frontend=frontend)).train

    logits = teacher_logits([base / name for name in recipe.train.teachers], table_for, progress=progress)
    logits = corrected(logits, table.labels, np.array([is_spoken(name) for name in table.ids]), recipe.train.label_smoothing)
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
