from __future__ import annotations

import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose

from edge_asr.training.loss import (
    accuracy_of,
    cross_entropy,
    distillation_loss,
    label_loss,
    regression_loss,
    soft_labels,
    softmax,
)

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(6, 5)).astype(np.float32) * 3
TEACHERS = RNG.normal(size=(6, 5)).astype(np.float32) * 3
LABELS = np.array([0, 1, 2, 3, 4, 0])
FLOAT32 = 1e-5  # relative; the reference below is float64


def posteriors(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    odds = np.exp(logits.astype(np.float64) / temperature)
    return odds / odds.sum(axis=1, keepdims=True)


def test_smoothing_spreads_its_share_over_all_classes() -> None:
    assert_allclose(soft_labels(np.array([1, 0]), 4, 0.2), [[0.05, 0.85, 0.05, 0.05], [0.85, 0.05, 0.05, 0.05]], rtol=1e-6)
    assert_allclose(soft_labels(np.array([1]), 2, 0.0), [[0, 1]], atol=0)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_label_loss_is_cross_entropy_with_smoothed_labels(smoothing: float) -> None:
    targets = soft_labels(LABELS, 5, smoothing)
    expected = -(targets * np.log(posteriors(LOGITS))).sum(axis=1)
    assert_allclose(np.asarray(label_loss(ops.array(targets), ops.array(LOGITS))), expected, rtol=FLOAT32)


@pytest.mark.parametrize(("weight", "temperature"), [(0.0, 2.0), (0.7, 2.0), (1.0, 1.0)])
def test_distillation_loss_is_the_papers(weight: float, temperature: float) -> None:
    labels, teachers = soft_labels(LABELS, 5, 0.1), softmax(TEACHERS, temperature)
    hard = -(labels * np.log(posteriors(LOGITS))).sum(axis=1)
    p, q = posteriors(TEACHERS, temperature), posteriors(LOGITS, temperature)
    expected = (1 - weight) * hard + weight * temperature**2 * (p * np.log(p / q)).sum(axis=1)
    targets = ops.array(np.concatenate([labels, teachers], axis=1))
    found = distillation_loss(weight, temperature)(targets, ops.array(LOGITS))
    assert_allclose(np.asarray(found), expected, rtol=FLOAT32)


def test_teachers_that_are_certain_give_a_finite_loss() -> None:
    targets = np.concatenate([np.eye(5), np.eye(5)], axis=1).astype(np.float32)
    found = np.asarray(distillation_loss(1.0, 1.0)(ops.array(targets), ops.array(50 * np.eye(5, dtype=np.float32))))
    assert_allclose(found, np.zeros(5), atol=1e-6)  # they agree


def test_softmax_stands_large_float16_logits() -> None:
    found = softmax(np.array([[60000, 0, -60000]], np.float16))
    assert_allclose(found, [[1, 0, 0]], atol=1e-12)


def test_validation_cross_entropy() -> None:
    expected = -np.log(posteriors(LOGITS)[np.arange(6), LABELS]).mean()
    assert cross_entropy(LOGITS, LABELS) == pytest.approx(expected, rel=1e-6)
    assert cross_entropy(np.array([[1000.0, 0.0]]), np.array([1])) == 1000.0


def test_accuracy_looks_at_the_labels_not_at_the_teachers() -> None:
    logits = ops.array(np.eye(3, dtype=np.float32))
    labels = soft_labels(np.array([0, 1, 0]), 3, 0.1)
    teachers = np.eye(3, dtype=np.float32)[::-1]
    for targets in (labels, np.concatenate([labels, teachers], axis=1)):
        assert_allclose(np.asarray(accuracy_of(3)(ops.array(targets), logits)), [1, 1, 0])
        foretelling = ops.concatenate([logits, 9 * ops.ones((3, 2))], axis=1)
        assert_allclose(np.asarray(accuracy_of(3)(ops.array(targets), foretelling)), [1, 1, 0])


def test_values_to_foretell_add_their_weighted_squared_error() -> None:
    logits, labels = np.array([[2.0, -1.0]], np.float32), soft_labels(np.array([0]), 2, 0.1)
    wanted, got = np.array([[1.0, 2.0, 3.0]], np.float32), np.array([[1.0, 0.0, 4.0]], np.float32)
    loss = regression_loss(label_loss, classes=2, weight=0.3)
    found = loss(ops.array(np.concatenate([labels, wanted], axis=1)), ops.array(np.concatenate([logits, got], axis=1)))
    expected = np.asarray(label_loss(ops.array(labels), ops.array(logits))) + 0.3 * (0 + 4 + 1) / 3
    assert_allclose(np.asarray(found), expected, rtol=1e-6)  # float32
