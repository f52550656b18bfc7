"""The curve counts what the runtime's detector counts, at every threshold that it shows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_asr.runtime.speech_span import Span
from edge_asr.training.det import LOWEST_THRESHOLD, STEPS, Thresholds, det_curve
from edge_asr.training.metrics import Proportion
from edge_asr.training.trace import alone
from edge_asr.training.wake_score import LATE_SECONDS, NegativeScores
from tests.training.wake_scores import DETECT, STEP_SECONDS, bursts, clip, every_step, negatives, positives, trace

LONG = round(450 / STEP_SECONDS)


@pytest.fixture(scope="module")
def talk() -> NegativeScores:
    """A quarter of an hour with 60 bursts, of which some share a block or follow each other closely."""
    rng = np.random.default_rng(1)
    return negatives(bursts(rng, LONG, 25), bursts(rng, LONG // 2, 20), bursts(rng, LONG // 2, 15))


def count(scores: NegativeScores, threshold: float) -> int:
    return sum(len(every_step(one.replay.trace, alone(DETECT, "wake", threshold))) for one in scores.streams)


def test_counts_are_the_detectors(talk: NegativeScores) -> None:
    for threshold in (0.021, 0.1, 0.37, 0.7, 0.95):
        rate = talk.rate("wake", threshold, DETECT)
        assert rate.events == count(talk, threshold)
        assert rate.hours == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize("events", [0, 1, 2, 4, 9, 30])
def test_the_lowest_threshold_with_so_many(talk: NegativeScores, events: int) -> None:
    thresholds = Thresholds(talk, "wake", DETECT)
    found = thresholds.with_at_most(events)
    assert found is not None
    assert count(talk, found) <= events
    lower = thresholds.candidates[thresholds.candidates.index(found) + 1]
    assert count(talk, lower) > events
    # Candidates lie just above peaks: between two of them nothing changes.
    assert count(talk, lower + 1 / STEPS) <= count(talk, lower)


def test_candidates_are_just_above_the_peaks() -> None:
    thresholds = Thresholds(negatives([0.0, 0.3, 0.3, 0.3, 0.0, 0.0, 0.0]), "wake", DETECT)
    peak = float(np.float32(0.3))
    highest = thresholds.candidates[0]
    assert peak < highest <= peak + 1 / STEPS
    assert thresholds.candidates[-1] == LOWEST_THRESHOLD
    assert thresholds.rate(highest).events == 0
    assert thresholds.rate(peak).events == 1


def test_scores_of_one_are_out_of_reach() -> None:
    scores = negatives([0.0] * 50 + [1.0] * 5 + [0.0] * 50 + [0.5] * 5 + [0.0] * 50)
    thresholds = Thresholds(scores, "wake", DETECT)
    assert thresholds.with_at_most(0) is None
    assert thresholds.with_at_most(1) == 0.500001  # the next multiple of a millionth


def test_silence_needs_no_threshold() -> None:
    assert Thresholds(negatives([0.0] * 100), "wake", DETECT).with_at_most(0) == LOWEST_THRESHOLD


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), threshold=st.sampled_from([0.02, 0.1, 0.4, 0.7, 0.97]), start=st.floats(0.0, 4.0))
def test_a_recording_is_missed_where_the_detector_misses_it(seed: int, threshold: float, start: float) -> None:
    rng = np.random.default_rng(seed)
    made = trace(bursts(rng, 80, 3))
    said = clip(made, Span(start, start + 0.5))
    hits = [e for e in every_step(made, alone(DETECT, "wake", threshold)) if start <= e.end <= start + 0.5 + LATE_SECONDS]
    assert said.reaches(threshold, DETECT) == bool(hits)
    first = said.detection(alone(DETECT, "wake", threshold))
    assert first == (hits[0] if hits else None)


def test_a_detection_counts_from_the_beginning_of_the_word_to_a_second_after_it() -> None:
    made = trace([0.0] * 25 + [1.0] * 6 + [0.0] * 25)  # the mean of three reaches 0.9 at step 27, 2.24 s
    assert clip(made, Span(2.2, 2.6)).reaches(0.9, DETECT)
    assert clip(made, Span(1.0, 1.3)).reaches(0.9, DETECT)
    assert not clip(made, Span(1.0, 1.2)).reaches(0.9, DETECT)
    assert not clip(made, Span(2.3, 2.6)).reaches(0.9, DETECT)  # it fired before, and is not armed again


def test_curve_of_misses_and_false_accepts(talk: NegativeScores) -> None:
    rng = np.random.default_rng(2)
    clips = []
    for number in range(40):
        score = rng.random(60) * 0.03
        score[20:28] = rng.random() ** 0.3
        clips.append(clip(trace(score), Span(1.5, 2.0), str(number)))
    said = positives(*clips)
    curve = det_curve("wake", said, talk, DETECT, (0.0, 2.0, 8.0, 16.0))
    thresholds = [point.threshold for point in curve.points]
    assert thresholds == sorted(set(thresholds), reverse=True)
    for point in curve.points[::4]:
        missed = sum(not every_step(one.replay.trace, alone(DETECT, "wake", point.threshold)) for one in clips)
        assert point.misses == {"clean": Proportion(missed, 40)}
        assert point.false_accepts.events == count(talk, point.threshold)
    for rate, point in curve.at_rates.items():
        assert point in curve.points
        assert point.false_accepts.events <= math.floor(rate / 4)
    assert curve.at_rates[2.0] == curve.at_rates[0.0]  # less than one event in a quarter of an hour
    assert curve.at_rates[16.0].misses["clean"].hits < curve.at_rates[0.0].misses["clean"].hits
    assert curve.points[-1].false_accepts.value > 16.0


def test_a_rate_that_nothing_reaches_is_none() -> None:
    scores = negatives(([0.0] * 50 + [1.0] * 5) * 20)
    said = positives(clip(trace([0.0] * 20 + [1.0] * 10), Span(1.6, 2.4)))
    curve = det_curve("wake", said, scores, DETECT, (0.0,))
    assert curve.at_rates == {0.0: None}
    assert curve.points
