"""How a keyword network learns on the current Keras backend: the only part of fitting that Keras runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np
import numpy.typing as npt

from edge_asr.training.averaged import AveragedNetwork
from edge_asr.training.batches import EpochBatches
from edge_asr.training.loss import accuracy_of, cross_entropy, distillation_loss, label_loss, regression_loss
from edge_asr.training.recipe import Recipe
from edge_asr.training.team import Team

if TYPE_CHECKING:
    from edge_asr.data.tables import FeatureTable

Array: TypeAlias = npt.NDArray[Any]

STEPS_PER_CALL = 20
"""Batches that TensorFlow runs without coming back to Python."""
PREDICT_BATCH = 500


class Learner(AveragedNetwork):
    """Learns clips, each of one class."""

    def __init__(self, recipe: Recipe, steps_per_epoch: int, team: Team, *, distil: bool, foretold: int = 0) -> None:
        """`foretold`: see `AveragedNetwork`."""
        super().__init__(recipe, steps_per_epoch, team, foretold)
        spec, classes = recipe.train, len(recipe.data.labels)
        loss = distillation_loss(spec.distill_weight, spec.distill_temperature) if distil else label_loss
        if foretold:
            loss = regression_loss(loss, classes, spec.foretell_weight)
        self._epoch: Callable[..., tuple[float, float]] = self._epoch_alone
        if team.count > 1:
            from edge_asr.training.joint_fit import joint_epoch, joint_step  # which needs TensorFlow

            step = joint_step(self.trainee, self.optimizer, loss, accuracy_of(classes))
            self._epoch = partial(joint_epoch, step, team)
            return
        self.trainee.compile(
            self.optimizer,
            loss,
            metrics=[accuracy_of(classes)],
            steps_per_execution=min(STEPS_PER_CALL, steps_per_epoch) if self.on_tensorflow else 1,
            jit_compile=not self.on_tensorflow,  # XLA makes TensorFlow on a CPU several times slower
        )

    def fit(self, batches: EpochBatches, callback: keras.callbacks.Callback) -> tuple[float, float]:
        """One epoch. Returns the mean loss and accuracy over it."""
        loss, accuracy = self._epoch(batches, callback)
        self.keep()
        return loss, accuracy

    def _epoch_alone(self, batches: EpochBatches, callback: keras.callbacks.Callback) -> tuple[float, float]:
        curves = self.trainee.fit(batches, shuffle=False, verbose=0, callbacks=[callback]).history
        return float(curves["loss"][0]), float(curves["accuracy"][0])

    def validate(self, table: FeatureTable) -> tuple[float | None, float | None]:
        """Cross-entropy and accuracy of the kept weights on the clips of `table` as they came (variant 0), if any."""
        if not len(table.labels):
            return None, None
        logits = predict(self.kept, table.features[:, 0])
        return cross_entropy(logits, table.labels), float(np.mean(logits.argmax(axis=-1) == table.labels))


def predict(model: Any, features: Array) -> Array:
    """Logits, float32 (clips, classes), of features (clips, frames, features) of any float type."""
    parts = [features[start : start + PREDICT_BATCH] for start in range(0, len(features), PREDICT_BATCH)]
    return np.concatenate([model.predict_on_batch(np.asarray(part, np.float32)[..., None]) for part in parts])
