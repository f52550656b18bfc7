"""A teacher on top of a speech embedding, and what a network foretells of that embedding.

The embedding is that of people's speech (`data.speech_embedding`); the head on it learns from the same windows as the network
does, in seconds to minutes. What it says of each window is softer than a label, and carries over from synthetic voices to
people, and from few people to many, since the embedding does (arXiv 2002.01322).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from edge_asr.progress import Progress, no_progress
from edge_asr.training.batches import EpochBatches
from edge_asr.training.distill import LEAST_POSTERIOR
from edge_asr.training.guidance import Guidance
from edge_asr.training.learner import PREDICT_BATCH
from edge_asr.training.loss import accuracy_of, label_loss, softmax
from edge_asr.zoo.layers import Seeds, Tensor, layer_seeds

if TYPE_CHECKING:
    from edge_asr.data.tables import FeatureTable
    from edge_asr.training.recipe import Recipe

Array: TypeAlias = npt.NDArray[Any]

HEADS = 3
"""Their posteriors are averaged: one alone has quirks."""
BATCH = 256
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-2


@dataclass(frozen=True)
class HeadPlan:
    """How heads read the frames of a window."""

    epochs: int
    """Of the recipe's draws of clips, for each head."""
    foretold: int
    """Which frame's embedding the network foretells."""
    body: Callable[[Tensor, Seeds], Tensor]
    """From frames (batch, frames, values) to (batch, n)."""
    dropout: float
    """Behind the body."""


def at_the_end(frames: int) -> HeadPlan:
    """For a phrase that ends where its window does: each frame has a meaning of its own."""
    return HeadPlan(epochs=12, foretold=frames - 1, body=_by_place, dropout=0.3)


def anywhere(frames: int) -> HeadPlan:
    """For a word somewhere in its clip: what a head finds may lie in any frames. It takes longer to learn."""
    return HeadPlan(epochs=40, foretold=frames // 2, body=_over_places, dropout=0.4)


def guidance(embeddings: FeatureTable, recipe: Recipe, plan: HeadPlan, *, progress: Progress = no_progress) -> Guidance:
    """Train the heads on `embeddings` (clips, variants, frames, values), the training table's, and ask them about all of it."""
    # Masks are for spectra; a head is soon trained, whatever the network's own schedule is.
    spec = replace(recipe.train, batch_size=BATCH, teachers=(), epochs=plan.epochs, warmup_epochs=1.0)
    plain = replace(recipe, train=spec, augment=replace(recipe.augment, time_masks=0, frequency_masks=0))
    posteriors = np.zeros((*embeddings.features.shape[:2], len(embeddings.label_names)), np.float32)
    foretold = np.asarray(embeddings.features[:, :, plan.foretold], np.float32)
    mean, deviation = _statistics(foretold)
    total = HEADS * plan.epochs
    for number in range(HEADS):
        head = _head(embeddings, plan, mean, deviation, seed=spec.seed + number)
        for epoch in range(number * plan.epochs, (number + 1) * plan.epochs):
            progress("teacher", epoch, total)
            head.fit(EpochBatches(embeddings, plain, epoch), shuffle=False, verbose=0)
        posteriors += _posteriors(head, embeddings.features) / HEADS
    progress("teacher", total, total)
    logits = np.log(np.maximum(posteriors, LEAST_POSTERIOR))
    return Guidance(logits.astype(np.float16), ((foretold - mean) / deviation).astype(np.float16))


def _head(embeddings: FeatureTable, plan: HeadPlan, mean: Array, deviation: Array, seed: int) -> keras.Model:
    frames, values = embeddings.features.shape[2:]
    classes = len(embeddings.label_names)
    seeds = layer_seeds(seed)
    inputs = keras.Input((frames, values, 1))
    x = layers.Reshape((frames, values))(inputs)
    x = layers.Normalization(mean=mean, variance=deviation**2)(x)
    x = plan.body(x, seeds)
    head = keras.Model(inputs, _dense(seeds, classes)(layers.Dropout(plan.dropout, seed=next(seeds))(x)))
    head.compile(keras.optimizers.AdamW(LEARNING_RATE, weight_decay=WEIGHT_DECAY), label_loss, metrics=[accuracy_of(classes)])
    return head


def _statistics(values: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of each value, float32 (values,), of (clips, variants, values)."""
    wide = values.astype(np.float64)
    return wide.mean(axis=(0, 1)).astype(np.float32), np.maximum(wide.std(axis=(0, 1)), 1e-3).astype(np.float32)


def _by_place(x: Tensor, seeds: Seeds) -> Tensor:
    x = layers.ReLU()(_dense(seeds, 64)(x))  # each frame by itself
    x = layers.Dropout(0.3, seed=next(seeds))(layers.Flatten()(x))
    return layers.ReLU()(_dense(seeds, 64)(x))


def _over_places(x: Tensor, seeds: Seeds) -> Tensor:
    x = layers.Dropout(0.1, seed=next(seeds))(x)
    x = layers.Dropout(0.2, seed=next(seeds))(layers.ReLU()(_dense(seeds, 128)(x)))
    initializer = keras.initializers.GlorotUniform(next(seeds))
    x = layers.Conv1D(128, 3, padding="same", activation="relu", kernel_initializer=initializer)(x)
    x = layers.Dropout(0.3, seed=next(seeds))(x)
    return layers.Concatenate()([layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(x)])


def _dense(seeds: Seeds, units: int) -> Any:
    return layers.Dense(units, kernel_initializer=keras.initializers.GlorotUniform(next(seeds)))


def _posteriors(head: keras.Model, features: Array) -> Array:
    """(clips, variants, classes)."""
    step = max(1, PREDICT_BATCH // features.shape[1])
    parts = []
    for start in range(0, len(features), step):
        block = np.asarray(features[start : start + step], np.float32)
        logits = np.asarray(head.predict_on_batch(block.reshape(-1, *block.shape[2:])[..., None]))
        parts.append(softmax(logits).reshape(*block.shape[:2], -1))
    return np.concatenate(parts)
