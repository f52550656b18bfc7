"""Quantisation-aware fine-tuning on Keras 3 with TensorFlow (Jacob et al., arXiv 1712.05877).

Batch norms are folded first; training a network without them from scratch stalls, fine-tuning a trained one does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from edge_asr.errors import TrainingError
from edge_asr.progress import Progress, no_progress
from edge_asr.training.fake_quant import fake_quant_kernel, kernel_layers, round_kernels, simulate_int8
from edge_asr.training.loss import Loss

Batch: TypeAlias = tuple[NDArray[Any], Any]
"""Features float32 (batch, frames, features, 1), and the targets that the loss wants: an array, or arrays in tuples."""


def fine_tune(
    folded: keras.Model,
    representative: NDArray[np.float32],
    batches: Callable[[int], Iterable[Batch]],
    loss: Loss,
    *,
    epochs: int,
    learning_rate: float,
    progress: Progress = no_progress,
) -> keras.Model:
    """Train a copy of a folded model with rounded kernels and activations; returns a simulated int8 model.

    `representative` (clips, frames, features, 1) gives the first activation ranges, `batches(epoch)` what is learnt in
    epoch 0 and on. Ranges follow the batches, except in the last of several epochs, so that the weights settle on fixed
    ones. The learning rate (Adam) falls with half a cosine, from epoch to epoch. The result's kernels are on their int8
    grids: it is ready for `convert_int8`. The same arguments give the same weights on one machine.
    Raises `ConversionError` on a Keras backend other than TensorFlow, `TrainingError` when the loss is not finite.
    """
    model = simulate_int8(folded, representative)
    tf.config.experimental.enable_op_determinism()
    optimizer = keras.optimizers.Adam(learning_rate)
    step = _training_step(model, optimizer, loss)
    for epoch in range(epochs):
        optimizer.learning_rate = learning_rate * 0.5 * (1.0 + math.cos(math.pi * epoch / epochs))
        ranges_follow = epoch < max(1, epochs - 1)
        losses = []
        for batch in batches(epoch):
            losses.append(float(step(*batch, ranges_follow)))
            progress(f"fine-tuning, epoch {epoch + 1} of {epochs}", len(losses), 0)
        if not losses or not np.isfinite(losses).all():
            found = "a loss that is not finite: lower quantize.qat_learning_rate" if losses else "no batches"
            raise TrainingError(f"fine-tuning, epoch {epoch + 1}: found {found}")
    round_kernels(model)
    return model


def _training_step(model: keras.Model, optimizer: Any, loss: Loss) -> Any:
    """A compiled step: (features, targets, whether ranges follow) to the batch's mean loss."""
    layer_of_kernel = {id(layer.kernel): layer for layer in kernel_layers(model)}
    trained, state = model.trainable_variables, model.non_trainable_variables

    # A graph for every length of utterance would take longer to build than the step itself.
    @tf.function(reduce_retracing=model.inputs[0].shape[1] is None)  # type: ignore[untyped-decorator,misc,unused-ignore]
    def step(features: Any, targets: Any, ranges_follow: bool) -> Any:
        with tf.GradientTape() as tape:
            weights = [tf.convert_to_tensor(variable) for variable in trained]
            tape.watch(weights)
            rounded = [
                fake_quant_kernel(layer_of_kernel[id(variable)], weight) if id(variable) in layer_of_kernel else weight
                for variable, weight in zip(trained, weights)
            ]
            logits, new_state = model.stateless_call(rounded, state, features, training=ranges_follow)
            value = tf.reduce_mean(loss(targets, logits))
        optimizer.apply(tape.gradient(value, weights), trained)
        for variable, new in zip(state, new_state):
            variable.assign(new)
        return value

    return step
