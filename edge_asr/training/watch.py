"""Tells how an epoch goes on: loss, accuracy, time left; stops at a loss that is not finite."""

from __future__ import annotations

import math
import time
from typing import Any

import keras

from edge_asr.errors import TrainingError
from edge_asr.progress import Progress

INTERVAL_SECONDS = 0.25
"""A look at the loss waits for the accelerator: not at every batch."""


class Watch:
    """Progress over all epochs of a run, of which `done` were finished before."""

    def __init__(self, progress: Progress, epochs: int, steps: int, *, done: int) -> None:
        self._progress, self._epochs, self._steps, self._done = progress, epochs, steps, done
        self._started = self._looked = time.monotonic()

    def callback(self, epoch: int) -> keras.callbacks.Callback:
        """A Keras callback for epoch `epoch` (from 0)."""
        return keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda step, logs: self.step(epoch, step + 1, logs),
        )

    def step(self, epoch: int, step: int, logs: dict[str, Any]) -> None:
        """Batch `step` (from 1) of epoch `epoch` is done; `logs` has its `loss` and, of keywords, `accuracy`.

        Raises `TrainingError` for a loss that is not finite.
        """
        now, step = time.monotonic(), min(step, self._steps)  # a call of several batches may end beyond the last
        if now - self._looked < INTERVAL_SECONDS and step < self._steps:
            return
        self._looked = now
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise TrainingError(
                f"epoch {epoch + 1}, batch {step}: expected a finite loss, found {loss}; lower train.learning_rate"
            )
        done, total = epoch * self._steps + step, self._epochs * self._steps
        left = (now - self._started) / (done - self._done * self._steps) * (total - done)
        accuracy = f", accuracy {float(logs['accuracy']):.1%}" if "accuracy" in logs else ""
        what = f"epoch {epoch + 1} of {self._epochs}: loss {loss:.3f}{accuracy}, {_clock(left)} left"
        self._progress(what, done, total)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
