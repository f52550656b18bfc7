"""A teacher on top of a speech embedding, and what a network foretells of that embedding.

The embedding is that of people's speech (`data.speech_embedding`); the head on it learns from the same windows as the network
does, in seconds. What it says of each window is softer than a label, and carries over from synthetic voices to people, since
the embedding does (arXiv 2002.01322).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from edge_asr.progress import Progress, no_progress
from edge_asr.training.batches import EpochBatches
from edge_asr.training.distill import LEAST_POSTERIOR
from edge_asr.training.learner import PREDICT_BATCH
from edge_asr.training.loss import accuracy_of, label_loss, softmax

if TYPE_CHECKING:
    from edge_asr.data.tables import FeatureTable
    from edge_asr.training.recipe import Recipe

Array: TypeAlias = npt.NDArray[Any]

HEADS = 3
"""Their posteriors are averaged: one alone has quirks."""
UNITS = 64
DROPOUT = 0.3
EPOCHS = 12
BATCH = 256
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-2


@dataclass(frozen=True)
class Guidance:
    """What the embedding gives for each window of a training table."""

    teacher_logits: npt.NDArray[np.float16]
    """(clips, variants, classes): the logarithm of the heads' mean posteriors."""
    foretold: npt.NDArray[np.float16]
    """(clips, variants, values): the window's last embedding, each value standardised over the table."""


def guidance(embeddings: FeatureTable, recipe: Recipe, *, progress: Progress = no_progress) -> Guidance:
    """Train the heads on `embeddings` (clips, variants, frames, values), the training table's, and ask them about all of it."""
    # Masks are for spectra; a head is soon trained, whatever the network's own schedule is.
    spec = replace(recipe.train, batch_size=BATCH, teachers=(), epochs=EPOCHS, warmup_epochs=1.0)
    plain = replace(recipe, train=spec, augment=replace(recipe.augment, time_masks=0, frequency_masks=0))
    posteriors = np.zeros((*embeddings.features.shape[:2], len(embeddings.label_names)), np.float32)
    mean, deviation = _statistics(embeddings.features)
    for number in range(HEADS):
        head = _head(embeddings, mean, deviation, seed=spec.seed + number)
        for epoch in range(EPOCHS):
            progress("teacher", number * EPOCHS + epoch, HEADS * EPOCHS)
            head.fit(EpochBatches(embeddings, plain, number * EPOCHS + epoch), shuffle=False, verbose=0)
        posteriors += _posteriors(head, embeddings.features) / HEADS
    progress("teacher", HEADS * EPOCHS, HEADS * EPOCHS)
    last = (np.asarray(embeddings.features[:, :, -1], np.float32) - mean) / deviation
    return Guidance(np.log(np.maximum(posteriors, LEAST_POSTERIOR)).astype(np.float16), last.astype(np.float16))


def _head(embeddings: FeatureTable, mean: Array, deviation: Array, seed: int) -> keras.Model:
    frames, values = embeddings.features.shape[2:]
    classes = len(embeddings.label_names)
    seeds = iter(np.random.default_rng(seed).integers(2**31, size=8).tolist())

    def dense(units: int) -> Any:
        return layers.Dense(units, kernel_initializer=keras.initializers.GlorotUniform(next(seeds)))

    inputs = keras.Input((frames, values, 1))
    x = layers.Reshape((frames, values))(inputs)
    x = layers.Normalization(mean=mean, variance=deviation**2)(x)
    x = layers.ReLU()(dense(UNITS)(x))  # each frame by itself
    x = layers.Dropout(DROPOUT, seed=next(seeds))(layers.Flatten()(x))
    x = layers.ReLU()(dense(UNITS)(x))
    head = keras.Model(inputs, dense(classes)(layers.Dropout(DROPOUT, seed=next(seeds))(x)))
    head.compile(keras.optimizers.AdamW(LEARNING_RATE, weight_decay=WEIGHT_DECAY), label_loss, metrics=[accuracy_of(classes)])
    return head


def _statistics(features: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of each value over all windows' last frames."""
    last = np.asarray(features[:, :, -1], np.float64).reshape(-1, features.shape[-1])
    return last.mean(axis=0).astype(np.float32), np.maximum(last.std(axis=0), 1e-3).astype(np.float32)


def _posteriors(head: keras.Model, features: Array) -> Array:
    """(clips, variants, classes)."""
    step = max(1, PREDICT_BATCH // features.shape[1])
    parts = []
    for start in range(0, len(features), step):
        block = np.asarray(features[start : start + step], np.float32)
        logits = np.asarray(head.predict_on_batch(block.reshape(-1, *block.shape[2:])[..., None]))
        parts.append(softmax(logits).reshape(*block.shape[:2], -1))
    return np.concatenate(parts)
