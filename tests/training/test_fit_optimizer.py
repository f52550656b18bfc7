from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from edge_asr.training.optimizer import AveragingAdam, learning_rate, make_optimizer
from edge_asr.training.spec import TrainSpec


def rate(schedule: Any, step: int) -> float:
    return float(schedule(step))


def test_cosine_rises_over_the_warm_up_and_falls_to_nothing() -> None:
    schedule = learning_rate(TrainSpec(learning_rate=0.1, epochs=10, warmup_epochs=2.0), steps_per_epoch=5)
    assert [rate(schedule, step) for step in (0, 5, 10)] == pytest.approx([0.0, 0.05, 0.1], rel=1e-5)
    assert rate(schedule, 30) == pytest.approx(0.05, rel=1e-5)  # half of the 40 steps that are left
    assert rate(schedule, 50) == pytest.approx(0.0, abs=1e-8)


def test_cosine_without_warm_up_starts_at_the_top() -> None:
    schedule = learning_rate(TrainSpec(learning_rate=0.1, epochs=10, warmup_epochs=0.0), steps_per_epoch=5)
    assert [rate(schedule, step) for step in (0, 25, 50)] == pytest.approx([0.1, 0.05, 0.0], abs=1e-7)


def test_a_constant_rate_is_a_number() -> None:
    assert learning_rate(TrainSpec(schedule="constant", learning_rate=0.1), 5) == 0.1


def test_averages_follow_the_stated_decay() -> None:
    """By hand: decay 0, 1/11, 2/12, 3/13, then 0.25 instead of 4/14."""
    weight = keras.Variable([1.0, -2.0], name="kernel")
    optimizer = AveragingAdam(average_decay=0.25, learning_rate=0.5)
    optimizer.build([weight])
    rng = np.random.default_rng(0)
    expected = np.zeros(2)
    for decay in (0, 1 / 11, 2 / 12, 3 / 13, 0.25, 0.25):
        optimizer.apply([keras.ops.array(rng.normal(size=2).astype(np.float32))])
        expected = decay * expected + (1 - decay) * weight.numpy()
        assert_allclose(optimizer.averages[0].numpy(), expected, rtol=1e-5)  # float32 beside float64


def test_averaging_changes_no_step() -> None:
    weights = [keras.Variable([1.0, -2.0], name="kernel") for _ in range(2)]
    optimizers = [AveragingAdam(average_decay=decay, learning_rate=0.5) for decay in (0.0, 0.9)]
    for weight, optimizer in zip(weights, optimizers):
        optimizer.build([weight])
        for _ in range(3):
            optimizer.apply([keras.ops.array([0.3, -0.1])])
    assert_allclose(weights[0].numpy(), weights[1].numpy(), rtol=0)
    assert (len(optimizers[0].averages), len(optimizers[1].averages)) == (0, 1)


@pytest.mark.parametrize(("optimizer", "decays"), [("adamw", True), ("adam", False)])
def test_weight_decay_is_adamw_and_spares_biases_and_norms(optimizer: Any, decays: bool) -> None:
    variables = [keras.Variable([2.0], name=name) for name in ("kernel", "bias", "gamma", "beta")]
    spec = TrainSpec(optimizer=optimizer, schedule="constant", learning_rate=0.1, weight_decay=0.5)
    made = make_optimizer(spec, 1)
    made.build(variables)
    made.apply([keras.ops.zeros(1)] * 4)
    expected = [2.0 * (1 - 0.1 * 0.5) if decays else 2.0, 2.0, 2.0, 2.0]
    assert [float(variable.numpy()[0]) for variable in variables] == pytest.approx(expected, rel=1e-6)
