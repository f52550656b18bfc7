"""What the network is fitted to: smoothed labels (Szegedy et al., arXiv 1512.00567) and teachers (arXiv 1503.02531).

Targets are soft and made with numpy: (batch, classes) from the labels, then, with teachers, (batch, classes) of theirs at
the distillation temperature beside them, then values to foretell, if any, so that one array goes through Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from keras import ops

Array: TypeAlias = npt.NDArray[Any]
Loss: TypeAlias = Callable[[Any, Any], Any]
"""(targets, logits) to one value a clip."""


def soft_labels(labels: Array, classes: int, smoothing: float) -> Array:
    """Int labels (batch,) to float32 (batch, classes): `smoothing` is spread evenly over all classes."""
    targets: Array = np.full((len(labels), classes), smoothing / classes, dtype=np.float32)
    targets[np.arange(len(labels)), labels] += np.float32(1 - smoothing)
    return targets


def softmax(logits: Array, temperature: float = 1.0) -> Array:
    """Posteriors, float32, of logits (..., classes) of any float type."""
    scaled = logits.astype(np.float32) / np.float32(temperature)
    odds = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    posteriors: Array = odds / odds.sum(axis=-1, keepdims=True)
    return posteriors


def cross_entropy(logits: Array, labels: Array) -> float:
    """Mean cross-entropy, nats, of logits (batch, classes) against int labels (batch,)."""
    wide = logits.astype(np.float64)
    top = wide.max(axis=-1)
    log_sum = np.log(np.exp(wide - top[:, None]).sum(axis=-1)) + top
    return float(np.mean(log_sum - wide[np.arange(len(labels)), labels]))


def label_loss(targets: Any, logits: Any) -> Any:
    """Cross-entropy against soft labels (batch, classes)."""
    return -ops.sum(targets * ops.log_softmax(logits), axis=-1)


def distillation_loss(weight: float, temperature: float) -> Loss:
    """(1 - weight) * cross-entropy against the labels + weight * T^2 * KL(teachers || network), both at temperature T.

    T^2 keeps the gradients of the second part as large as those of the first (Hinton et al., section 2).
    """

    def loss(targets: Any, logits: Any) -> Any:
        labels, teachers = ops.split(targets, 2, axis=-1)
        network = ops.log_softmax(logits / temperature)
        divergence = ops.sum(teachers * (ops.log(ops.maximum(teachers, 1e-12)) - network), axis=-1)
        return (1 - weight) * label_loss(labels, logits) + weight * temperature**2 * divergence

    return loss


def regression_loss(loss: Loss, classes: int, weight: float) -> Loss:
    """`loss` of the first `classes` outputs, + weight * mean squared error of the others against the last targets."""

    def both(targets: Any, outputs: Any) -> Any:
        logits, foretold = outputs[:, :classes], outputs[:, classes:]
        values = foretold.shape[-1]
        error = ops.mean(ops.square(targets[:, -values:] - foretold), axis=-1)
        return loss(targets[:, :-values], logits) + weight * error

    return both


def accuracy_of(classes: int) -> Loss:
    """1 for each clip whose label (the largest of the first `classes` targets) has the largest logit, else 0."""

    def accuracy(targets: Any, outputs: Any) -> Any:
        wanted, got = ops.argmax(targets[:, :classes], axis=-1), ops.argmax(outputs[:, :classes], axis=-1)
        return ops.cast(ops.equal(wanted, got), "float32")

    return accuracy
