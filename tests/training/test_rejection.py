"""The limits that a recogniser refuses by."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from edge_asr.errors import DataError
from edge_asr.training.rejection import Limit, choose_rejection, limit_of, rejection_curve, sureness
from tests.training.speech_toys import transcript


def test_what_is_surest_counts() -> None:
    said = [replace(transcript("a"), confidence=0.4, penalty=3.0), replace(transcript("b"), confidence=0.6, penalty=5.0)]
    assert sureness(said, "min_confidence") == 0.6
    assert sureness(said, "max_penalty") == -3.0
    assert sureness([], "max_penalty") == sureness([replace(said[0], text="")], "min_confidence") == -math.inf
    assert (limit_of(["lm", "grammar"]), limit_of(["lm"])) == ("max_penalty", "min_confidence")


@pytest.mark.parametrize("limit", ["max_penalty", "min_confidence"])
@pytest.mark.parametrize("seed", range(5))
def test_the_laxest_limit_within_the_target(limit: Limit, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inside, outside = (
        (-3 * rng.random(50), -10 * rng.random(199))
        if limit == "max_penalty"
        else (0.4 + 0.6 * rng.random(50), 0.7 * rng.random(199))
    )
    choice = choose_rejection(inside.tolist(), outside.tolist(), limit, 0.05)
    assert choice.rule == "counted"
    # 0.05 * 200 = 10: nine may be accepted, and ten would be too many.
    assert choice.point.outside.hits <= 9
    step = 0.01 if limit == "max_penalty" else 0.001
    least = (-choice.point.value if limit == "max_penalty" else choice.point.value) - step
    assert np.sum(outside >= least) >= 10
    least += step
    assert choice.point.inside.hits == np.sum(inside >= least)


def test_too_few_to_tell() -> None:
    choice = choose_rejection([-0.5, -2.0], [-1.0, -4.0], "max_penalty", 0.02)
    assert (choice.rule, choice.point.value) == ("too few", 0.99)
    assert (choice.point.inside.hits, choice.point.outside.hits) == (1, 0)
    assert "max_penalty 0.99 for 2.0% (too few)" in str(choice)


def test_where_nothing_else_was_understood_all_is_accepted() -> None:
    choice = choose_rejection([-0.5, -2.345], [-math.inf] * 100, "max_penalty", 0.02)
    assert (choice.rule, choice.point.value) == ("unchallenged", 2.35)
    assert choice.point.inside.hits == 2
    assert choose_rejection([0.9, 0.5], [-math.inf] * 100, "min_confidence", 0.0).point.value == 0.5


def test_a_limit_stays_within_its_range() -> None:
    assert choose_rejection([1.0], [1.0] * 10, "min_confidence", 0.1).point.value == 1.0
    assert choose_rejection([0.0], [0.0] * 10, "max_penalty", 0.1).point.value == 0.0


@pytest.mark.parametrize(("inside", "outside", "target"), [([], [1.0], 0.1), ([1.0], [], 0.1), ([1.0], [1.0], 1.5)])
def test_what_it_cannot_be_chosen_on(inside: list[float], outside: list[float], target: float) -> None:
    with pytest.raises(DataError, match="expected"):
        choose_rejection(inside, outside, "min_confidence", target)


def test_the_curve_goes_from_strict_to_lax() -> None:
    curve = rejection_curve([-0.5, -1.0, -2.0], [-1.5, -3.0, -math.inf], "max_penalty")
    assert [(one.value, one.inside.hits, one.outside.hits) for one in curve] == [
        (0.5, 1, 0),
        (1.0, 2, 0),
        (1.5, 2, 1),
        (2.0, 3, 1),
        (3.0, 3, 2),
    ]
    assert rejection_curve([], [-math.inf], "max_penalty") == ()
    many = rejection_curve(np.linspace(0.5, 1, 500).tolist(), [0.1], "min_confidence")
    assert len(many) == 60
    assert many[-1].value == 0.1
