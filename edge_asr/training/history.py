"""The curves of a run: one record an epoch, as JSON, CSV and, on TensorFlow, TensorBoard events."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeAlias

from edge_asr.config import build
from edge_asr.errors import ConfigError, TrainingError


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


History: TypeAlias = tuple[EpochRecord, ...]


def best_epoch(history: Sequence[EpochRecord]) -> EpochRecord:
    """The record with the highest validation accuracy (the last of equals), or the last without validation."""
    return max(history, key=lambda record: (record.validation_accuracy or 0.0, record.epoch))


def epochs_without_rise(history: Sequence[EpochRecord]) -> int:
    """Epochs at the end of `history` that did not raise the validation accuracy."""
    accuracies = [record.validation_accuracy or 0.0 for record in history]
    return len(accuracies) - 1 - accuracies.index(max(accuracies))


def history_json(history: Sequence[EpochRecord]) -> str:
    """A JSON list, one object an epoch."""
    return json.dumps([asdict(record) for record in history], indent=1) + "\n"


def parse_history(text: str, source: str) -> History:
    """The inverse of `history_json`. Raises `TrainingError` naming `source`."""
    try:
        records = json.loads(text)
        if not isinstance(records, list):
            raise TypeError(f"a {type(records).__name__}")
        return tuple(build(EpochRecord, record, source=source) for record in records)
    except (ValueError, TypeError, ConfigError) as err:
        raise TrainingError(f"{source}: expected the curves of a training run, found: {err}") from err


def history_csv(history: Sequence[EpochRecord]) -> str:
    """The same as comma-separated values with a header; what is None is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(EpochRecord)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(record) for record in history)
    return text.getvalue()


def write_tensorboard(folder: Path, record: EpochRecord) -> None:
    """Add an epoch to the TensorBoard events in `folder`. Does nothing on a Keras backend other than TensorFlow."""
    # Here, not above: the commands that only read curves start without TensorFlow.
    import keras

    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=record.epoch):
        for name, value in asdict(record).items():
            if name != "epoch" and value is not None:
                tf.summary.scalar(name, value)
    writer.close()
