"""A keyword network's epoch on several machines: the step that Keras' `fit` takes, on shares of batches (TensorFlow)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from edge_asr.errors import TrainingError
from edge_asr.training.batches import EpochBatches
from edge_asr.training.loss import Loss
from edge_asr.training.team import Team, sum_over_workers


def joint_step(model: keras.Model, optimizer: Any, loss: Loss, accuracy: Loss) -> Any:
    """A compiled step: a worker's share of features and targets, and the clips of the whole batch.

    It returns the batch's mean loss and accuracy, float32 (2,).
    """

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator,misc,unused-ignore]
    def step(features: Any, targets: Any, clips: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = model(features, training=True)
            mean = tf.reduce_sum(loss(targets, outputs)) / clips
        optimizer.apply(tape.gradient(mean, model.trainable_variables))  # which sums over the workers
        return sum_over_workers(tf.stack([mean, tf.reduce_sum(accuracy(targets, outputs)) / clips]))

    return step


def joint_epoch(
    step: Callable[..., Any], team: Team, batches: EpochBatches, callback: keras.callbacks.Callback
) -> tuple[float, float]:
    """Take `step` with the team's share of each batch. Returns the mean loss and accuracy over the epoch.

    Raises `TrainingError` for a batch of fewer clips than workers.
    """
    total = np.zeros(2)
    for index in range(batches.num_batches):
        features, targets = batches[index]
        if len(features) < team.count:
            raise TrainingError(f"expected batches of at least {team.count} clips, one a worker, found {len(features)}")
        shares = (tf.constant(array[team.index :: team.count]) for array in (features, targets))
        total += team.run(step, *shares, tf.constant(len(features), tf.float32)).numpy()
        loss, accuracy = total / (index + 1)
        callback.on_train_batch_end(index, {"loss": loss, "accuracy": accuracy})
    loss, accuracy = total / batches.num_batches
    return float(loss), float(accuracy)
