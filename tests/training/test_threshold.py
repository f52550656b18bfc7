"""The chosen threshold keeps what it promises on audio that it was not chosen on."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.errors import DataError
from edge_asr.training.threshold import HIGHEST_CHOICE, LOWEST_CHOICE, choose_threshold
from edge_asr.training.wake_score import NegativeScores
from tests.training.wake_scores import DETECT, STEP_SECONDS, negatives

EVENT_SECONDS = 4.0


def audio(hours: float, rng: np.random.Generator, odds: float = 1.0) -> NegativeScores:
    """Every 4 s a burst whose log odds are exponentially distributed: 900 peaks an hour."""
    steps = round(EVENT_SECONDS / STEP_SECONDS)
    score = np.full(round(hours * 3600 / STEP_SECONDS), 1e-4)
    for at in range(10, len(score) - 10, steps):
        score[at : at + 4] = 1 / (1 + np.exp(4.0 - rng.exponential(odds)))
    return negatives(score)


def true_rate(threshold: float) -> float:
    """False accepts an hour of `audio` at a threshold above the bursts' lowest."""
    return 3600 / EVENT_SECONDS * float(np.exp(-(np.log(threshold / (1 - threshold)) + 4.0)))


def test_with_hours_enough_the_expected_rate_is_the_target() -> None:
    rng, target = np.random.default_rng(0), 20.0
    choices = [choose_threshold(audio(0.25, rng), "wake", DETECT, target) for _ in range(30)]
    assert {choice.rule for choice in choices} == {"counted"}
    # (k + 1) / H = 5 / 0.25 h with k = 4 events left.
    assert {choice.found.events for choice in choices} == {4}
    # The mean of 30 rates that scatter by 1 / sqrt(5) of 20 each: standard error 1.6. The count itself, 16, is too optimistic.
    assert np.mean([true_rate(choice.threshold) for choice in choices]) == pytest.approx(target, abs=3.5)


def test_with_too_few_hours_the_tail_is_extrapolated() -> None:
    rng, target = np.random.default_rng(1), 0.5
    choices = [choose_threshold(audio(0.5, rng), "wake", DETECT, target) for _ in range(20)]
    assert {(choice.rule, choice.found.events) for choice in choices} == {("extrapolated", 0)}
    rates = [true_rate(choice.threshold) for choice in choices]
    # The excess of 30 peaks is known to 18 %, over ln(30 / 0.25) = 4.8 of it: a factor of 2.4 up or down, one standard deviation.
    assert 0.5 / 2.4 < np.median(rates) < 0.5 * 2.4
    # Just above the highest peak of half an hour 2 an hour are to be expected: four times the target.
    highest = [choose_threshold(audio(0.5, rng), "wake", DETECT, 0.0) for _ in range(20)]
    assert np.median([true_rate(choice.threshold) for choice in highest]) > 1.0


def test_an_extrapolated_threshold_is_above_all_that_was_heard() -> None:
    quiet = audio(0.1, np.random.default_rng(2), odds=0.1)
    score = quiet.streams[0].replay.trace.posteriors[:, 1].copy()
    score[1000:1006] = 0.97
    choice = choose_threshold(negatives(score), "wake", DETECT, 0.5)
    assert choice.rule == "extrapolated"
    assert (choice.found.events, choice.threshold > 0.97) == (0, True)


def test_no_false_accept_wanted() -> None:
    heard = audio(0.2, np.random.default_rng(3))
    choice = choose_threshold(heard, "wake", DETECT, 0.0)
    assert (choice.rule, choice.found.events) == ("counted", 0)
    assert choice.threshold == pytest.approx(float(heard.peaks("wake")[0]), abs=1e-5)


def test_quiet_audio_does_not_open_the_door() -> None:
    choice = choose_threshold(negatives([0.01] * 5000), "wake", DETECT, 100.0)
    assert (choice.rule, choice.threshold, choice.found.events) == ("lowest", LOWEST_CHOICE, 0)
    assert str(choice).startswith("wake: threshold 0.2 for 100/h (lowest); no false accepts in 0.11 h there, 0.00 to 33.20")


def test_extrapolation_ends_below_one() -> None:
    score = np.full(5000, 0.01)
    score[::250] = score[1::250] = score[2::250] = np.linspace(0.5, 0.9999, 20)
    choice = choose_threshold(negatives(score), "wake", DETECT, 0.001)
    assert HIGHEST_CHOICE <= choice.threshold < 1.0


def test_out_of_reach() -> None:
    score = ([0.0] * 200 + [1.0] * 5) * 5
    choice = choose_threshold(negatives(score), "wake", DETECT, 0.5)
    assert (choice.rule, choice.threshold, choice.found.events) == ("out of reach", 1.0, 5)


def test_impossible_wishes() -> None:
    with pytest.raises(DataError, match="0 false accepts an hour or more, found -1"):
        choose_threshold(negatives([0.0] * 1000), "wake", DETECT, -1.0)
    with pytest.raises(DataError, match="at least 20 seconds of audio"):
        choose_threshold(negatives([0.0] * 100), "wake", DETECT, 0.5)
