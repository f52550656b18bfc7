"""A network with its optimizer and averages on the current Keras backend: the only part of fitting that Keras runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np
import numpy.typing as npt

from edge_asr.errors import TrainingError
from edge_asr.training.batches import EpochBatches
from edge_asr.training.loss import accuracy_of, cross_entropy, distillation_loss, label_loss, regression_loss
from edge_asr.training.optimizer import make_optimizer
from edge_asr.training.recipe import Recipe
from edge_asr.zoo.build import build_model

if TYPE_CHECKING:
    from edge_asr.data.tables import FeatureTable

Array: TypeAlias = npt.NDArray[Any]

STEPS_PER_CALL = 20
"""Batches that TensorFlow runs without coming back to Python."""
PREDICT_BATCH = 500


class Learner:
    """What is learnt: `network` moves with every batch, `kept` has the averaged weights that are validated and kept."""

    def __init__(self, recipe: Recipe, classes: int, steps_per_epoch: int, *, distil: bool, foretold: int = 0) -> None:
        """`foretold`: number of values beside the classes that the network learns to foretell, and forgets at the end."""
        spec = recipe.train
        on_tensorflow = keras.backend.backend() == "tensorflow"
        if on_tensorflow:
            _make_tensorflow_deterministic()
        self.network = build_model(recipe.model, recipe.input_shape, classes, spec.seed)
        self.kept = build_model(recipe.model, recipe.input_shape, classes, spec.seed)
        self._trainee = _with_foretelling(self.network, foretold, spec.seed) if foretold else self.network
        self._optimizer = make_optimizer(spec, steps_per_epoch)
        self._optimizer.build(self._trainee.trainable_variables)
        loss = distillation_loss(spec.distill_weight, spec.distill_temperature) if distil else label_loss
        self._trainee.compile(
            self._optimizer,
            regression_loss(loss, classes, spec.foretell_weight) if foretold else loss,
            metrics=[accuracy_of(classes)],
            steps_per_execution=min(STEPS_PER_CALL, steps_per_epoch) if on_tensorflow else 1,
            jit_compile=not on_tensorflow,  # XLA makes TensorFlow on a CPU several times slower
        )

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return float(keras.ops.convert_to_tensor(self._optimizer.learning_rate))

    def fit(self, batches: EpochBatches, callback: keras.callbacks.Callback) -> tuple[float, float]:
        """One epoch. Returns the mean loss and accuracy over it."""
        curves = self._trainee.fit(batches, shuffle=False, verbose=0, callbacks=[callback]).history
        self._keep()
        return float(curves["loss"][0]), float(curves["accuracy"][0])

    def validate(self, table: FeatureTable) -> tuple[float | None, float | None]:
        """Cross-entropy and accuracy of the kept weights on the clips of `table` as they came (variant 0), if any."""
        if not len(table.labels):
            return None, None
        logits = predict(self.kept, table.features[:, 0])
        return cross_entropy(logits, table.labels), float(np.mean(logits.argmax(axis=-1) == table.labels))

    def state(self) -> list[Array]:
        """Everything that the next epoch depends on: weights, seeds of the dropouts, optimizer, averages."""
        return [variable.numpy() for variable in self._variables]

    def restore(self, state: Sequence[Array]) -> None:
        """Put back what `state` returned. Raises `TrainingError` if it is of another network."""
        found = [array.shape for array in state]
        if found != [tuple(variable.shape) for variable in self._variables]:
            raise TrainingError("checkpoint: expected the state of this recipe's network, found another; start a new run")
        for variable, array in zip(self._variables, state):
            variable.assign(array)
        self._keep()

    @property
    def _variables(self) -> list[Any]:
        return [*self._trainee.variables, *self._optimizer.variables]

    def _keep(self) -> None:
        """Averages for what is trained; the normalisations' statistics, averages by themselves, as they are."""
        self.kept.set_weights(self.network.get_weights())
        averages = dict(zip((v.path for v in self._trainee.trainable_variables), self._optimizer.averages))
        for kept, moving in zip(self.kept.trainable_variables, self.network.trainable_variables):
            # Through numpy: JAX would let both share one buffer, and give it away in the next call.
            if moving.path in averages:  # there are none where averaging is off
                kept.assign(averages[moving.path].numpy())


def predict(model: Any, features: Array) -> Array:
    """Logits, float32 (clips, classes), of features (clips, frames, features) of any float type."""
    parts = [features[start : start + PREDICT_BATCH] for start in range(0, len(features), PREDICT_BATCH)]
    return np.concatenate([model.predict_on_batch(np.asarray(part, np.float32)[..., None]) for part in parts])


def _with_foretelling(network: keras.Model, values: int, seed: int) -> keras.Model:
    """`network` with `values` more outputs behind its logits, made of what the logits are made of."""
    initializer = keras.initializers.GlorotUniform(seed)
    foretold = keras.layers.Dense(values, kernel_initializer=initializer, name="foretold")(network.get_layer("logits").input)
    return keras.Model(network.input, keras.layers.Concatenate(name="all")([network.output, foretold]), name=network.name)


def _make_tensorflow_deterministic() -> None:
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
