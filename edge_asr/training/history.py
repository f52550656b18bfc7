"""The curves of a run: one record an epoch, as JSON, CSV and, on TensorFlow, TensorBoard events."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from edge_asr.config import build
from edge_asr.errors import ConfigError, TrainingError

SAMPLES = "samples"
"""The only field of a record that is no number."""


@dataclass(frozen=True)
class EpochRecord:
    """One epoch. Losses in nats, accuracies from 0 to 1; training's are of the moving weights on augmented clips."""

    epoch: int
    """From 1."""
    loss: float
    accuracy: float
    validation_loss: float | None
    """Of the averaged weights, without label smoothing or teachers; None without validation clips."""
    validation_accuracy: float | None
    learning_rate: float
    """At the epoch's end."""
    seconds: float


@dataclass(frozen=True)
class Sample:
    """What a recogniser makes of an utterance, without a language model or grammar."""

    said: str
    written: str


@dataclass(frozen=True)
class SpeechEpoch:
    """One epoch of a recogniser. Losses in nats a token, error rates of the averaged weights by the likeliest path."""

    epoch: int
    """From 1."""
    loss: float
    validation_loss: float | None
    """None, as the error rates, without validation rows."""
    word_error_rate: float | None
    """Of validation; 0 is best, and more than 1 is possible. Of phonemes, where the network writes these."""
    character_error_rate: float | None
    """None where it writes phonemes."""
    learning_rate: float
    """At the epoch's end."""
    seconds: float
    audio_rate: float
    """Seconds of audio that were learnt from in a second, validation left out."""
    samples: tuple[Sample, ...] = ()
    """The same few validation rows each epoch."""

    @property
    def validation_accuracy(self) -> float | None:
        """What early stopping watches: 1 less the word error rate."""
        return None if self.word_error_rate is None else 1.0 - self.word_error_rate


History: TypeAlias = tuple[EpochRecord, ...]
SpeechHistory: TypeAlias = tuple[SpeechEpoch, ...]
R = TypeVar("R", EpochRecord, SpeechEpoch)


def best_epoch(history: Sequence[R]) -> R:
    """The record with the highest validation accuracy (the last of equals), or the last without validation."""
    return max(history, key=lambda record: (record.validation_accuracy or 0.0, record.epoch))


def epochs_without_rise(history: Sequence[EpochRecord] | Sequence[SpeechEpoch]) -> int:
    """Epochs at the end of `history` that did not raise the validation accuracy."""
    accuracies = [record.validation_accuracy or 0.0 for record in history]
    return len(accuracies) - 1 - accuracies.index(max(accuracies))


def history_json(history: Sequence[EpochRecord] | Sequence[SpeechEpoch]) -> str:
    """A JSON list, one object an epoch."""
    return json.dumps([asdict(record) for record in history], indent=1) + "\n"


def parse_history(text: str, source: str, record: type[Any] = EpochRecord) -> tuple[Any, ...]:
    """The inverse of `history_json`, as records of that type. Raises `TrainingError` naming `source`."""
    try:
        records = json.loads(text)
        if not isinstance(records, list):
            raise TypeError(f"a {type(records).__name__}")
        return tuple(build(record, table, source=source) for table in records)
    except (ValueError, TypeError, ConfigError) as err:
        raise TrainingError(f"{source}: expected the curves of a training run, found: {err}") from err


def history_csv(history: Sequence[EpochRecord] | Sequence[SpeechEpoch]) -> str:
    """The same as comma-separated values with a header; what is None is empty, samples are left out."""
    text = io.StringIO()
    names = [field.name for field in fields(history[0] if history else EpochRecord) if field.name != SAMPLES]
    writer = csv.DictWriter(text, names, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(asdict(record) for record in history)
    return text.getvalue()


def write_tensorboard(folder: Path, record: EpochRecord | SpeechEpoch) -> None:
    """Add an epoch to the TensorBoard events in `folder`. Does nothing on a Keras backend other than TensorFlow."""
    # Here, not above: the commands that only read curves start without TensorFlow.
    import keras

    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=record.epoch):
        for name, value in asdict(record).items():
            if name not in ("epoch", SAMPLES) and value is not None:
                tf.summary.scalar(name, value)
    writer.close()
