"""Fit a recipe's network to prepared features. Runs unchanged on Keras' TensorFlow and JAX backends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edge_asr.errors import TrainingError
from edge_asr.progress import Progress, no_progress
from edge_asr.training.batches import EpochBatches, steps_per_epoch
from edge_asr.training.history import EpochRecord, History
from edge_asr.training.learner import Learner
from edge_asr.training.recipe import Recipe
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.run_info import data_hash, run_info
from edge_asr.training.run_loop import agreed_record, begin_run, finished, kept_epoch, save_epoch
from edge_asr.training.team import Team
from edge_asr.training.watch import Watch

if TYPE_CHECKING:
    from edge_asr.data.tables import Prepared

Array: TypeAlias = npt.NDArray[Any]
OnEpoch: TypeAlias = Callable[[EpochRecord], None]


@dataclass(frozen=True)
class TrainResult:
    """What a finished run leaves."""

    run_dir: Path
    history: History
    kept: EpochRecord
    """The epoch whose weights were kept."""


def train(
    recipe: Recipe,
    prepared: Prepared,
    run_dir: Path,
    *,
    resume: bool = False,
    team: Team | None = None,
    begin_with: Path | None = None,
    teacher_logits: Array | None = None,
    foretold: Array | None = None,
    facts: Mapping[str, Any] = MappingProxyType({}),
    progress: Progress = no_progress,
    on_epoch: OnEpoch | None = None,
) -> TrainResult:
    """Fit the network and leave a run folder (see `RunFolder`) in `run_dir`.

    `begin_with`: the run folder of a network with the same weights, whatever its window, padding and dilations, whose kept ones
    are the first here (`run.json` says which); None draws them from the seed.
    `teacher_logits` (clips, variants, classes) of the training table are what the recipe's teachers say (see `distill`);
    `foretold` (clips, variants, values) are values that the network learns to foretell beside its classes. `facts` go into
    `run.json`.
    The state is saved after each epoch: an interrupted run (Ctrl-C reaches the caller) goes on with `resume`, to the same
    weights, bit for bit, as an unbroken one; without a finished epoch it starts again. Two runs with one seed on one
    machine and backend give equal weights (on a GPU, XLA must be told to be deterministic).
    The `team` (made before TensorFlow is used) shares every batch: its chief alone needs `run_dir`, and all come to the same
    weights. `on_epoch` is called with each epoch's record once it is saved.
    Raises `TrainingError` for a folder that holds another run, features or teachers that do not fit the recipe, and
    a loss that is not finite.
    """
    _check(recipe, prepared, teacher_logits, foretold)
    steps = steps_per_epoch(prepared.train, recipe.train)
    folder = RunFolder(run_dir)
    info = {**run_info(recipe, prepared.summary, data_hash(prepared, teacher_logits)), **_origin(begin_with), **facts}
    team = team or Team()
    state, history = begin_run(folder, recipe, info, EpochRecord, team, resume=resume)
    values = 0 if foretold is None else foretold.shape[-1]
    learner = Learner(recipe, steps, team, distil=teacher_logits is not None, foretold=values)
    if history:
        learner.restore(state)
    elif begin_with is not None:
        learner.begin_with(begin_with)
    watch = Watch(progress, recipe.train.epochs, steps, done=len(history))
    while not finished(recipe.train, history):
        started = time.monotonic()
        batches = EpochBatches(prepared.train, recipe, len(history), teacher_logits, foretold)
        loss, accuracy = learner.fit(batches, watch.callback(len(history)))
        judge = partial(_record, learner, prepared, len(history) + 1, loss, accuracy, started)
        record = agreed_record(judge, EpochRecord, team)
        history = (*history, record)
        save_epoch(folder, learner, recipe.train, history)
        if on_epoch is not None:
            on_epoch(record)
    return TrainResult(run_dir, history, kept_epoch(recipe.train, history))


def _record(learner: Learner, prepared: Prepared, epoch: int, loss: float, accuracy: float, started: float) -> EpochRecord:
    validation_loss, validation_accuracy = learner.validate(prepared.validation)
    if not np.isfinite([loss, validation_loss or 0.0]).all():
        raise TrainingError(
            f"epoch {epoch}: expected finite losses, found {loss} (training) and {validation_loss} (validation); "
            "lower train.learning_rate"
        )
    seconds = round(time.monotonic() - started, 3)
    rate = learner.learning_rate
    return EpochRecord(epoch, loss, accuracy, validation_loss, validation_accuracy, rate, seconds)


def _origin(begin_with: Path | None) -> dict[str, Any]:
    if begin_with is None:
        return {}
    folder = RunFolder(begin_with)
    return {"began_with": {"name": folder.recipe().name, "weights_sha256": folder.weights_hash()}}


def _check(recipe: Recipe, prepared: Prepared, teacher_logits: Array | None, foretold: Array | None) -> None:
    table = prepared.train
    expected = (recipe.input_shape[:2], recipe.data.labels)
    found = (tuple(table.features.shape[2:]), tuple(table.label_names))
    if found != expected:
        raise TrainingError(f"expected features and labels {expected}, found {found}; prepare the data with this recipe")
    if not len(table.labels):
        raise TrainingError("expected clips to train on, found none")
    if recipe.train.teachers and teacher_logits is None:
        raise TrainingError("train.teachers names teachers: expected their logits, found none")
    if teacher_logits is not None:
        shape = (*table.features.shape[:2], len(table.label_names))
        if teacher_logits.shape != shape:
            raise TrainingError(f"expected teachers' logits of shape {shape}, found {teacher_logits.shape}")
    if foretold is not None and foretold.shape[:2] != table.features.shape[:2]:
        raise TrainingError(f"expected values to foretell for {table.features.shape[:2]} waveforms, found {foretold.shape[:2]}")
