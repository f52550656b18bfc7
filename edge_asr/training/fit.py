"""Fit a recipe's network to prepared features. Runs unchanged on Keras' TensorFlow and JAX backends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edge_asr.errors import TrainingError
from edge_asr.progress import Progress, no_progress
from edge_asr.training.batches import EpochBatches, steps_per_epoch
from edge_asr.training.history import EpochRecord, History, best_epoch, epochs_without_rise, write_tensorboard
from edge_asr.training.learner import Learner
from edge_asr.training.recipe import Recipe
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.run_info import run_info
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
    begin_with: Path | None = None,
    teacher_logits: Array | None = None,
    foretold: Array | None = None,
    progress: Progress = no_progress,
    on_epoch: OnEpoch | None = None,
) -> TrainResult:
    """Fit the network and leave a run folder (see `RunFolder`) in `run_dir`.

    `begin_with`: the run folder of the same network whose kept weights are the first ones; None draws them from the seed.
    `teacher_logits` (clips, variants, classes) of the training table are what the recipe's teachers say (see `distill`);
    `foretold` (clips, variants, values) are values that the network learns to foretell beside its classes.
    The state is saved after each epoch: an interrupted run (Ctrl-C reaches the caller) goes on with `resume`, to the same
    weights, bit for bit, as an unbroken one; without a finished epoch it starts again. Two runs with one seed on one
    machine and backend give equal weights (on a GPU, XLA must be told to be deterministic).
    `on_epoch` is called with each epoch's record once it is saved.
    Raises `TrainingError` for a folder that holds another run, features or teachers that do not fit the recipe, and
    a loss that is not finite.
    """
    _check(recipe, prepared, teacher_logits, foretold)
    steps = steps_per_epoch(prepared.train, recipe.train)
    folder = RunFolder(run_dir)
    info = run_info(recipe, prepared, teacher_logits)
    history = _begin(folder, recipe, info, resume)
    values = 0 if foretold is None else foretold.shape[-1]
    learner = Learner(recipe, len(recipe.data.labels), steps, distil=teacher_logits is not None, foretold=values)
    if history:
        learner.restore(folder.read_checkpoint()[0])
    elif begin_with is not None:
        learner.network.set_weights(RunFolder(begin_with).model().get_weights())
    watch = Watch(progress, recipe.train.epochs, steps, done=len(history))
    while not _finished(recipe, history):
        started = time.monotonic()
        batches = EpochBatches(prepared.train, recipe, len(history), teacher_logits, foretold)
        loss, accuracy = learner.fit(batches, watch.callback(len(history)))
        record = _record(learner, prepared, len(history) + 1, loss, accuracy, started)
        history = (*history, record)
        _save(folder, learner, recipe, history)
        if on_epoch is not None:
            on_epoch(record)
    return TrainResult(run_dir, history, _kept(recipe, history))


def _begin(folder: RunFolder, recipe: Recipe, info: dict[str, Any], resume: bool) -> History:
    """The epochs that are done already; makes the folder where there are none."""
    if not resume:
        folder.expect_no_run()
    if folder.has_checkpoint():
        before = folder.info()
        for key in ("recipe", "data"):
            if before.get(f"{key}_sha256") != info[f"{key}_sha256"]:
                raise TrainingError(
                    f"{folder.path}: expected the {key} that this run began with, found another; "
                    "resume with the same, or choose another folder"
                )
        return folder.read_checkpoint()[1]
    folder.begin(recipe, info)
    return ()


def _finished(recipe: Recipe, history: History) -> bool:
    patience = recipe.train.early_stopping_epochs
    stopped = bool(history) and patience > 0 and epochs_without_rise(history) >= patience
    return stopped or len(history) >= recipe.train.epochs


def _kept(recipe: Recipe, history: History) -> EpochRecord:
    """The best with early stopping, else the last: a schedule that runs to its end needs no choice, which could only flatter."""
    return best_epoch(history) if recipe.train.early_stopping_epochs else history[-1]


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


def _save(folder: RunFolder, learner: Learner, recipe: Recipe, history: History) -> None:
    """The checkpoint comes last: whatever is cut off before it is done again."""
    if _kept(recipe, history) is history[-1]:
        folder.write_weights(learner.kept)
    folder.write_history(history)
    write_tensorboard(folder.path / "logs", history[-1])
    folder.write_checkpoint(learner.state(), history)


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
