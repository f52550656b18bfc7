"""A network with its optimizer and the averages of its weights: what training moves, saves and restores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy.typing as npt

from edge_asr.errors import TrainingError
from edge_asr.training.optimizer import make_optimizer
from edge_asr.training.recipe import Recipe
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.team import Team
from edge_asr.zoo.build import build_model

Array: TypeAlias = npt.NDArray[Any]


class AveragedNetwork:
    """`network` moves with every batch, `kept` has the averaged weights that are validated and kept."""

    def __init__(self, recipe: Recipe, steps_per_epoch: int, team: Team, foretold: int = 0) -> None:
        """`foretold`: number of values beside the classes that the network learns to foretell, and forgets at the end."""
        self.team = team
        spec, classes = recipe.train, len(recipe.data.labels)
        self.on_tensorflow = keras.backend.backend() == "tensorflow"
        if self.on_tensorflow:
            _make_tensorflow_deterministic()
        with team.scope():
            self.network = build_model(recipe.model, recipe.input_shape, classes, spec.seed)
            self.trainee = _with_foretelling(self.network, foretold, spec.seed) if foretold else self.network
            self.optimizer = make_optimizer(spec, steps_per_epoch)
            self.optimizer.build(self.trainee.trainable_variables)
        team.synchronize_norms(self.network)
        self.kept = build_model(recipe.model, recipe.input_shape, classes, spec.seed)

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return float(keras.ops.convert_to_tensor(self.optimizer.learning_rate))

    def begin_with(self, run_dir: Path) -> None:
        """Take the kept weights of a run. Raises `TrainingError` where they are missing or of other shapes."""
        weights = RunFolder(run_dir).model().get_weights()
        if [array.shape for array in weights] != [array.shape for array in self.network.get_weights()]:
            raise TrainingError(
                f"{run_dir}: expected a run of the same network to begin with, found weights of other shapes; "
                "model.arch and what makes it wide and deep must be the same, and the labels as many"
            )
        self.network.set_weights(weights)

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
        self.keep()

    def keep(self) -> None:
        """Averages for what is trained; the normalisations' statistics, averages by themselves, as they are."""
        self.kept.set_weights(self.network.get_weights())
        averages = dict(zip((v.path for v in self.trainee.trainable_variables), self.optimizer.averages))
        for kept, moving in zip(self.kept.trainable_variables, self.network.trainable_variables):
            # Through numpy: JAX would let both share one buffer, and give it away in the next call.
            if moving.path in averages:  # there are none where averaging is off
                kept.assign(averages[moving.path].numpy())

    @property
    def _variables(self) -> list[Any]:
        return [*self.trainee.variables, *self.optimizer.variables]


def _with_foretelling(network: keras.Model, values: int, seed: int) -> keras.Model:
    """`network` with `values` more outputs behind its logits, made of what the logits are made of."""
    initializer = keras.initializers.GlorotUniform(seed)
    foretold = keras.layers.Dense(values, kernel_initializer=initializer, name="foretold")(network.get_layer("logits").input)
    return keras.Model(network.input, keras.layers.Concatenate(name="all")([network.output, foretold]), name=network.name)


def _make_tensorflow_deterministic() -> None:
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
