"""What every training run does between its epochs: begin or go on, know when it is over, save."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from edge_asr.errors import TrainingError
from edge_asr.training.history import R, best_epoch, epochs_without_rise, history_json, parse_history, write_tensorboard
from edge_asr.training.run_folder import RunFolder, parse_checkpoint
from edge_asr.training.spec import TrainSpec

if TYPE_CHECKING:
    from edge_asr.training.averaged import Array, AveragedNetwork
    from edge_asr.training.recipe import Recipe
    from edge_asr.training.team import Team


def begin_run(
    folder: RunFolder, recipe: Recipe, info: dict[str, Any], record: type[R], team: Team, *, resume: bool
) -> tuple[list[Array], tuple[R, ...]]:
    """State and history, as records of that type, of the epochs that are done already; the chief makes the folder.

    Raises `TrainingError` for a folder with another run, or with one that is not to be gone on with.
    """
    content = team.from_chief(_checkpoint(folder, recipe, info, resume) if team.is_chief else b"")
    return parse_checkpoint(content, f"{folder.path}: checkpoint.npz", record) if content else ([], ())


def _checkpoint(folder: RunFolder, recipe: Recipe, info: dict[str, Any], resume: bool) -> bytes:
    """The file to go on from; empty for a run that begins."""
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
        return folder.checkpoint()
    folder.begin(recipe, info)
    return b""


def agreed_record(make: Callable[[], R], record: type[R], team: Team) -> R:
    """The record of an epoch, which only the chief makes: validation elsewhere might come to another last digit."""
    text = history_json([make()]) if team.is_chief else ""
    found: R = parse_history(team.from_chief(text.encode()).decode(), "the chief's record", record)[0]
    return found


def finished(spec: TrainSpec, history: Sequence[R]) -> bool:
    """Whether all epochs are done, or early stopping ends the run."""
    patience = spec.early_stopping_epochs
    stopped = bool(history) and patience > 0 and epochs_without_rise(history) >= patience
    return stopped or len(history) >= spec.epochs


def kept_epoch(spec: TrainSpec, history: Sequence[R]) -> R:
    """The best with early stopping, else the last: a schedule that runs to its end needs no choice, which could only flatter."""
    return best_epoch(history) if spec.early_stopping_epochs else history[-1]


def save_epoch(folder: RunFolder, learner: AveragedNetwork, spec: TrainSpec, history: Sequence[R]) -> None:
    """Write what the last epoch came to; of several workers the chief does.

    The checkpoint comes last: whatever is cut off before it is done again.
    """
    if not learner.team.is_chief:
        return
    if kept_epoch(spec, history) is history[-1]:
        folder.write_weights(learner.kept)
    folder.write_history(history)
    write_tensorboard(folder.path / "logs", history[-1])
    folder.write_checkpoint(learner.state(), history)
