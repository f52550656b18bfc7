"""Fit a recogniser's network to tables of utterances, on TensorFlow."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np

from edge_asr.errors import TrainingError
from edge_asr.progress import Progress, no_progress
from edge_asr.training.history import Sample, SpeechEpoch, SpeechHistory
from edge_asr.training.recipe import Recipe
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.run_info import run_info, speech_data_hash
from edge_asr.training.run_loop import agreed_record, begin_run, finished, kept_epoch, save_epoch
from edge_asr.training.speech_batches import SpeechBatches
from edge_asr.training.speech_learner import Epoch, SpeechLearner, Transcribed, transcribe
from edge_asr.training.team import Team
from edge_asr.training.watch import Watch

if TYPE_CHECKING:
    from edge_asr.data.speech_table import PreparedSpeech
    from edge_asr.data.tokens import Tokens

OnEpoch: TypeAlias = Callable[[SpeechEpoch], None]

SAMPLES = 4
"""Validation rows whose transcripts each epoch shows, evenly spread."""


@dataclass(frozen=True)
class SpeechResult:
    """What a finished run leaves."""

    run_dir: Path
    history: SpeechHistory
    kept: SpeechEpoch
    """The epoch whose weights were kept."""
    left_out: int
    """Rows that training had no use for: more tokens than output frames."""


def train_speech(
    recipe: Recipe,
    prepared: PreparedSpeech,
    run_dir: Path,
    *,
    resume: bool = False,
    team: Team | None = None,
    facts: Mapping[str, Any] = MappingProxyType({}),
    progress: Progress = no_progress,
    on_epoch: OnEpoch | None = None,
) -> SpeechResult:
    """Fit the network and leave a run folder (see `RunFolder`) in `run_dir`, whose curves are `SpeechEpoch`s.

    The state is saved after each epoch: an interrupted run (Ctrl-C reaches the caller) goes on with `resume`, to the same
    weights, bit for bit, as an unbroken one; without a finished epoch it starts again. Two runs with one seed on one machine
    give equal weights. `facts` go into `run.json`. The `team` (made before TensorFlow is used) shares every batch: its chief
    alone needs `run_dir`, and all come to the same weights. `on_epoch` is called with each epoch's record once it is saved.
    Raises `TrainingError` for a folder that holds another run, tables that do not fit the recipe, a Keras backend other than
    TensorFlow, and a loss that is not finite.
    """
    _check(recipe, prepared)
    team = team or Team()
    batches = SpeechBatches(prepared.train, recipe, worker=team.index, workers=team.count)
    validation = SpeechBatches(prepared.validation, recipe)
    if not len(batches):
        raise TrainingError(f"expected utterances to train on, found none ({batches.left_out} with more tokens than frames)")
    folder = RunFolder(run_dir)
    info = {**run_info(recipe, prepared.summary, speech_data_hash(prepared)), "rows_left_out": batches.left_out, **facts}
    state, history = begin_run(folder, recipe, info, SpeechEpoch, team, resume=resume)
    learner = SpeechLearner(recipe, len(batches), team)
    if history:
        learner.restore(state)
    watch = Watch(progress, recipe.train.epochs, len(batches), done=len(history))
    while not finished(recipe.train, history):
        epoch = learner.fit(batches, len(history), watch)
        judge = partial(_record, learner, validation, prepared.tokens, recipe, len(history) + 1, epoch)
        record = agreed_record(judge, SpeechEpoch, team)
        history = (*history, record)
        save_epoch(folder, learner, recipe.train, history)
        if on_epoch is not None:
            on_epoch(record)
    return SpeechResult(run_dir, history, kept_epoch(recipe.train, history), batches.left_out)


def _record(
    learner: SpeechLearner, validation: SpeechBatches, tokens: Tokens, recipe: Recipe, number: int, epoch: Epoch
) -> SpeechEpoch:
    started = time.monotonic()
    heard = transcribe(learner.kept, validation, tokens)
    if not np.isfinite([epoch.loss, heard.loss if heard else 0.0]).all():
        found = f"{epoch.loss} (training) and {heard.loss if heard else None} (validation)"
        raise TrainingError(f"epoch {number}: expected finite losses, found {found}; lower train.learning_rate")
    return SpeechEpoch(
        epoch=number,
        loss=epoch.loss,
        validation_loss=heard.loss if heard else None,
        word_error_rate=heard.words.rate if heard else None,
        character_error_rate=heard.characters.rate if heard and tokens.unit != "phonemes" else None,
        learning_rate=learner.learning_rate,
        seconds=round(epoch.seconds + time.monotonic() - started, 3),
        audio_rate=round(epoch.frames * recipe.frontend.hop_ms / 1000 / epoch.seconds, 1),
        samples=_samples(heard) if heard else (),
    )


def _samples(heard: Transcribed) -> tuple[Sample, ...]:
    rows = np.unique(np.linspace(0, len(heard.said) - 1, SAMPLES).round().astype(int))
    return tuple(Sample(heard.said[row], heard.written[row]) for row in rows)


def _check(recipe: Recipe, prepared: PreparedSpeech) -> None:
    if keras.backend.backend() != "tensorflow":
        raise TrainingError(
            f"a recogniser learns on Keras' TensorFlow backend, found {keras.backend.backend()}; unset KERAS_BACKEND"
        )
    expected = (recipe.frontend.features, recipe.data.labels)
    found = (prepared.train.features.shape[-1], tuple(prepared.tokens.labels))
    if found != expected:
        raise TrainingError(f"expected features and tokens {expected}, found {found}; prepare the data with this recipe")
