"""Rates of few events: Garwood's interval."""

from __future__ import annotations

import pytest
from scipy.stats import chi2, poisson

from edge_asr.training.rate import Rate, poisson_cdf, poisson_interval


@pytest.mark.parametrize("events", [0, 1, 2, 5, 17, 100, 5000])
def test_interval_is_garwoods(events: int) -> None:
    low, high = poisson_interval(events)
    # Both are solved to the last bits; what remains is the rounding of the sums of `events` terms.
    assert low == pytest.approx(chi2.ppf(0.025, 2 * events) / 2 if events else 0.0, rel=1e-9)
    assert high == pytest.approx(chi2.ppf(0.975, 2 * events + 2) / 2, rel=1e-9)


def test_no_event_in_an_hour_allows_for_nearly_four() -> None:
    assert Rate(0, 1.0).interval == pytest.approx((0.0, 3.6889), abs=1e-4)  # -ln 0.025
    assert Rate(0, 10.0).interval[1] == pytest.approx(0.36889, abs=1e-5)


def test_poisson_sum() -> None:
    assert poisson_cdf(0, 2.0) == pytest.approx(poisson.cdf(0, 2.0), rel=1e-12)
    assert poisson_cdf(7, 3.5) == pytest.approx(poisson.cdf(7, 3.5), rel=1e-12)
    assert poisson_cdf(900, 1000.0) == pytest.approx(poisson.cdf(900, 1000.0), rel=1e-9)


def test_value_and_text() -> None:
    assert Rate(3, 6.0).value == 0.5
    assert str(Rate(3, 6.0)) == "0.50/h (0.10 to 1.46)"  # Garwood's 0.6187 and 8.7673 in 6 hours


def test_too_few_hours_cannot_tell_a_low_rate() -> None:
    assert not Rate(0, 2.0).can_tell(0.1)
    assert Rate(0, 2.0).can_tell(0.5)
    assert Rate(0, 10.0).can_tell(0.1)
    assert not Rate(0, 1000.0).can_tell(0.0)
