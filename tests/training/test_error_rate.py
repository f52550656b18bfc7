"""Intervals: exact ones against tables, and drawn ones against what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.training.error_rate import ErrorRate, error_rate
from edge_asr.training.exact import ExactProportion, binomial_cdf
from edge_asr.training.word_errors import Errors


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [  # R's binom.test
        (0, 10, 0.0, 0.3084971),
        (10, 10, 0.6915029, 1.0),
        (3, 20, 0.0320709, 0.3789268),
        (50, 1000, 0.0373354, 0.0653905),
    ],
)
def test_exact_intervals_are_those_of_the_tables(hits: int, total: int, low: float, high: float) -> None:
    assert ExactProportion(hits, total).interval == pytest.approx((low, high), abs=1e-6)  # the tables have 7 digits


def test_nothing_counted_has_no_interval() -> None:
    assert ExactProportion(0, 0).interval is None
    assert str(ExactProportion(0, 0)) == "n/a"


def test_binomial_sums_up() -> None:
    assert binomial_cdf(7, 7, 0.3) == pytest.approx(1.0, abs=1e-12)
    assert binomial_cdf(0, 3, 0.5) == pytest.approx(0.125, abs=1e-12)
    assert binomial_cdf(2500, 5000, 0.5) == pytest.approx(0.5056, abs=1e-3)  # no overflow; half of the middle term over 0.5


def errors(count: int, said: int = 10) -> Errors:
    return Errors(said, count, 0, 0)


def test_the_rate_is_all_errors_by_all_words() -> None:
    rate = error_rate([errors(1, 10), errors(3, 30), Errors(0, 0, 2, 0)], ["a", "b", "c"])
    assert rate.value == 6 / 40
    assert rate.errors == Errors(40, 4, 2, 0)


def test_nothing_said_has_no_rate() -> None:
    assert error_rate([], []).value is None
    assert str(error_rate([Errors(0, 0, 1, 0)], ["a"])) == "n/a"


def test_without_an_error_the_interval_is_the_words() -> None:
    rate = error_rate([errors(0), errors(0)], ["a", "b"])
    assert rate.interval == ExactProportion(0, 20).interval
    assert rate.interval is not None
    assert rate.interval[1] > 0.1


def test_errors_of_few_speakers_are_less_sure_than_as_many_of_many() -> None:
    """The same errors, all of every tenth utterance: that these are one person's says less about people."""
    found = [errors(5 if number % 10 == 0 else 0) for number in range(200)]

    def width(rate: ErrorRate) -> float:
        assert rate.interval is not None
        return rate.interval[1] - rate.interval[0]

    many, few = error_rate(found, range(200)), error_rate(found, [number % 10 for number in range(200)])
    assert many.value == few.value == 0.05
    assert width(few) > 2 * width(many)  # the standard errors are as sqrt(20) to 1
    assert error_rate(found, range(200)) == many  # seeded


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        found = [errors(int(count)) for count in rng.binomial(10, 0.1, size=60)]
        interval = error_rate(found, range(60)).interval
        assert interval is not None
        covered += interval[0] <= 0.1 <= interval[1]
    assert 180 <= covered <= 199  # 190 of 200 expected, standard deviation 3; percentile intervals are a little narrow
