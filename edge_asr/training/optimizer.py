"""Adam or AdamW with a learning-rate schedule and an average of the weights, on any Keras backend."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from edge_asr.training.spec import TrainSpec


def make_optimizer(spec: TrainSpec, steps_per_epoch: int) -> AveragingAdam:
    """The optimizer that a recipe asks for. Weight decay leaves out biases and normalisation."""
    optimizer = AveragingAdam(
        average_decay=spec.weight_averaging,
        learning_rate=learning_rate(spec, steps_per_epoch),
        weight_decay=spec.weight_decay if spec.optimizer == "adamw" else None,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def learning_rate(spec: TrainSpec, steps_per_epoch: int) -> Any:
    """A number, or a Keras schedule: linear rise over `warmup_epochs`, then half a cosine to 0 at the last step."""
    if spec.schedule == "constant":
        return spec.learning_rate
    steps, warmup = spec.epochs * steps_per_epoch, round(spec.warmup_epochs * steps_per_epoch)
    if warmup == 0:
        return keras.optimizers.schedules.CosineDecay(spec.learning_rate, steps)
    return keras.optimizers.schedules.CosineDecay(0.0, steps - warmup, warmup_target=spec.learning_rate, warmup_steps=warmup)


class AveragingAdam(keras.optimizers.Adam):  # type: ignore[misc,unused-ignore]
    """Adam (AdamW with `weight_decay`) that keeps an exponential moving average of the weights (`averages`).

    The decay of step n (from 0) is min(average_decay, n / (n + 10)): the average begins at the first step's weights and
    spans about a tenth of the steps until `average_decay` takes over, so that short runs are averaged over less.
    Keras' own `use_ema` has no such beginning. With `average_decay` 0 there are no averages.
    """

    def __init__(self, average_decay: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.average_decay = average_decay
        self.averages: list[Any] = []

    def build(self, variables: list[Any]) -> None:
        """Make the optimizer's variables."""
        super().build(variables)
        if self.average_decay:
            self.averages = [self.add_variable_from_reference(v, name="average") for v in variables]

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """One step, then one of the averages."""
        step = ops.cast(self.iterations, "float32")
        super().apply(grads, trainable_variables)
        decay = ops.minimum(self.average_decay, step / (step + 10))
        # Keras' own list: a list of ours would make the model's variables the optimizer's too.
        for average, variable in zip(self.averages, self._trainable_variables):
            average.assign(decay * average + (1 - decay) * variable)
