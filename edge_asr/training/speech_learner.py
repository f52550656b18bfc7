"""How a recogniser's network learns: one compiled step of the CTC loss, and what it makes of validation."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from edge_asr.data.tokens import Tokens
from edge_asr.training.averaged import AveragedNetwork
from edge_asr.training.ctc_loss import SparseLabels, best_path, ctc_loss
from edge_asr.training.recipe import Recipe
from edge_asr.training.speech_batches import SpeechBatch, SpeechBatches
from edge_asr.training.team import Team, sum_over_workers
from edge_asr.training.watch import Watch
from edge_asr.training.word_errors import Errors, count_errors


@dataclass(frozen=True)
class Epoch:
    """What an epoch of training came to."""

    loss: float
    """Nats a token."""
    frames: int
    """Front-end frames that were learnt from."""
    seconds: float


@dataclass(frozen=True)
class Transcribed:
    """What a network makes of rows, by the likeliest path."""

    loss: float
    """Nats a token."""
    said: tuple[str, ...]
    written: tuple[str, ...]

    @property
    def words(self) -> Errors:
        """Errors in words."""
        return count_errors(self.said, self.written)

    @property
    def characters(self) -> Errors:
        """Errors in characters, spaces between words among them."""
        return count_errors(self.said, self.written, "characters")


class SpeechLearner(AveragedNetwork):
    """Learns utterances, of which only the tokens and their order are known."""

    def __init__(self, recipe: Recipe, steps_per_epoch: int, team: Team) -> None:
        super().__init__(recipe, steps_per_epoch, team)
        self._step = _training_step(self.network, self.optimizer)

    def fit(self, batches: SpeechBatches, epoch: int, watch: Watch) -> Epoch:
        """Learn from epoch `epoch` (from 0) of `batches`. Raises `TrainingError` for a loss that is not finite."""
        losses, tokens, frames, started = 0.0, 0, 0, time.monotonic()
        for number, (batch, its_tokens, its_frames) in enumerate(batches.epoch(epoch), start=1):
            mean = self.team.run(self._step, _tensors(batch), tf.constant(its_tokens, tf.float32))
            losses += float(mean) * its_tokens
            tokens, frames = tokens + its_tokens, frames + its_frames
            watch.step(epoch, number, {"loss": losses / tokens})
        self.keep()
        return Epoch(losses / tokens, frames, time.monotonic() - started)


def transcribe(model: Any, batches: SpeechBatches, tokens: Tokens) -> Transcribed | None:
    """What `model`, float, makes of the usable rows of a table; None where there are none."""
    forward = _forward(model)
    said, written, loss, count = {}, {}, 0.0, 0
    for rows, batch in batches.in_order():
        logits, losses = forward(_tensors(batch))
        loss += float(np.sum(losses.numpy(), dtype=np.float64))
        for row, frames, values in zip(rows.tolist(), batch.frames, logits.numpy()):
            wanted = batches.table.tokens_of(row)
            said[row], written[row] = tokens.decode(wanted), tokens.decode(best_path(values[:frames]))
            count += len(wanted)
    if not said:
        return None
    order = sorted(said)
    return Transcribed(loss / max(1, count), tuple(said[row] for row in order), tuple(written[row] for row in order))


def _tensors(batch: SpeechBatch) -> SpeechBatch:
    return SpeechBatch(tf.constant(batch.features), tf.constant(batch.frames), SparseLabels(*map(tf.constant, batch.labels)))


def _signature(features: int) -> SpeechBatch:
    """Of batches of any size: TensorFlow builds one graph for all, not one for each length."""
    labels = SparseLabels(
        tf.TensorSpec((None, 2), tf.int64),
        tf.TensorSpec((None,), tf.int32),
        tf.TensorSpec((2,), tf.int64),
        tf.TensorSpec((None,), tf.bool),
    )
    return SpeechBatch(tf.TensorSpec((None, None, features, 1)), tf.TensorSpec((None,), tf.int32), labels)


def _forward(model: Any) -> Any:
    @tf.function(input_signature=[_signature(model.inputs[0].shape[2])])  # type: ignore[untyped-decorator,misc,unused-ignore]
    def forward(batch: SpeechBatch) -> Any:
        logits = model(batch.features, training=False)
        return logits, ctc_loss(batch.labels, logits, batch.frames)

    return forward


def _training_step(model: Any, optimizer: Any) -> Any:
    """A compiled step: (a worker's share of a batch, the whole batch's tokens) to the batch's loss, nats a token."""

    @tf.function(input_signature=[_signature(model.inputs[0].shape[2]), tf.TensorSpec(())])  # type: ignore[untyped-decorator,misc,unused-ignore]
    def step(batch: SpeechBatch, tokens: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(batch.features, training=True)
            # By tokens, not rows: batches hold about equal audio, so that each second of it weighs the same.
            loss = tf.reduce_sum(ctc_loss(batch.labels, logits, batch.frames)) / tokens
        optimizer.apply(tape.gradient(loss, model.trainable_variables))  # which sums over the workers
        return sum_over_workers(loss)

    return step
