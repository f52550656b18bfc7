"""The decisions, as tables: posteriors in, detections out. Steps are 100 ms of 1600 samples, windows 1 s."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.bundle.manifest import DetectSpec
from edge_asr.errors import ConfigError
from edge_asr.runtime.detector import Detector
from edge_asr.runtime.events import Detection

LABELS = ("_silence_", "_unknown_", "yes", "no")
STEP, WINDOW, RATE = 1600, 16000, 16000


def detector(**settings) -> Detector:
    spec = DetectSpec(**{"smoothing_ms": 0.0, "refractory_ms": 0.0, **settings})
    return Detector(LABELS, spec, sample_rate=RATE, step_samples=STEP, window_samples=WINDOW)


def posterior(yes: float = 0.0, no: float = 0.0, unknown: float = 0.0) -> np.ndarray:
    return np.array([1 - yes - no - unknown, unknown, yes, no], np.float32)


def steps(decide: Detector, posteriors) -> dict[int, str]:
    """Step number (from 1) to label, where something was detected."""
    found = ((i, decide.step(p, i * STEP)) for i, p in enumerate(posteriors, 1))
    return {i: event.label for i, event in found if event}


def yes(*values: float) -> list[np.ndarray]:
    return [posterior(yes=value) for value in values]


@pytest.mark.parametrize(
    ("settings", "values", "expected"),
    [
        # Threshold: reached is enough. 0.75 is exact in float32, 0.8 is not.
        ({"threshold": 0.75}, (0.5, 0.75), [2]),
        ({"threshold": 0.75}, (0.5, 0.7499), []),
        ({"threshold": 0.9, "thresholds": {"yes": 0.25}}, (0.1, 0.3), [2]),
        ({"threshold": 0.2, "thresholds": {"yes": 0.9}}, (0.3, 0.8), []),
        # Hysteresis: once until it has fallen below release * threshold.
        ({"threshold": 0.75, "release": 0.5}, (1, 1, 1, 1), [1]),
        ({"threshold": 0.75, "release": 0.5}, (1, 0.5, 1, 0.375, 1), [1]),
        ({"threshold": 0.75, "release": 0.5}, (1, 0.37, 1), [1, 3]),
        ({"threshold": 0.75, "release": 1.0}, (1, 0.74, 1), [1, 3]),
        ({"threshold": 0.75, "release": 0.0}, (1, 0.0, 1), [1]),
        # Refractory time: from one detection's end to the next one's; 300 ms are three steps.
        ({"threshold": 0.75, "refractory_ms": 300}, (1, 0, 1, 0, 1), [1, 5]),
        ({"threshold": 0.75, "refractory_ms": 300}, (1, 0, 0, 1), [1, 4]),
        ({"threshold": 0.75, "refractory_ms": 301}, (1, 0, 0, 1, 1), [1, 5]),
        # Smoothing: 300 ms are the last three posteriors, fewer at the start of the stream.
        ({"threshold": 0.5, "smoothing_ms": 300}, (0, 0, 0, 1, 0.25, 0, 0.25, 0.5, 0.75), [9]),
        ({"threshold": 0.5, "smoothing_ms": 300}, (0, 0, 1, 0.25, 0.25), [5]),
        ({"threshold": 0.5, "smoothing_ms": 300}, (0.5,), [1]),
        ({"threshold": 0.5, "smoothing_ms": 300}, (0, 1), [2]),
        ({"threshold": 0.5, "smoothing_ms": 149}, (0.1, 0.6), [2]),
    ],
)
def test_table(settings: dict, values: tuple[float, ...], expected: list[int]):
    assert steps(detector(**settings), yes(*values)) == dict.fromkeys(expected, "yes")


def test_refractory_time_holds_for_all_labels():
    posteriors = [*yes(1, 1), posterior(no=1), posterior(no=1), posterior(no=1)]
    assert steps(detector(refractory_ms=300), posteriors) == {1: "yes", 4: "no"}
    assert steps(detector(refractory_ms=0), posteriors) == {1: "yes", 3: "no"}


def test_the_likelier_label_wins():
    decide = detector(threshold=0.25)
    assert steps(decide, [posterior(yes=0.4, no=0.6), posterior(yes=0.4, no=0.6)]) == {1: "no", 2: "yes"}


def test_background_is_never_reported():
    decide = detector(threshold=0.0, thresholds={"yes": 0.9, "no": 0.9})
    assert steps(decide, [posterior(), posterior(unknown=1), posterior()] * 5) == {}


def test_span_and_score():
    # Two of the three smoothed windows reach 0.5 alone: the word lies behind the start of the first of them.
    decide = detector(threshold=0.5, smoothing_ms=300)
    found = [decide.step(p, 32000 + i * STEP) for i, p in enumerate(yes(0, 0, 0.25, 0.6, 0.75))]
    assert found[:-1] == [None] * 4
    end = (32000 + 4 * STEP) / RATE
    assert found[-1] == Detection("yes", start=pytest.approx(end - 0.1 - 1.0), end=end, score=pytest.approx(1.6 / 3))


def test_span_does_not_begin_before_the_stream():
    assert detector(threshold=0.5).step(posterior(yes=1), STEP) == Detection("yes", 0.0, 0.1, 1.0)


def test_smoothing_does_not_drift():
    """After many steps the mean is that of the last posteriors alone, to the last bit."""
    rng = np.random.default_rng(0)
    decide, fresh = (detector(threshold=1.0, smoothing_ms=1000) for _ in range(2))
    for i, value in enumerate(rng.random(20_000, np.float32)):
        decide.step(posterior(yes=value), i * STEP)
    for i, value in enumerate(rng.random(10, np.float32)):
        decide.step(posterior(yes=value), i * STEP)
        fresh.step(posterior(yes=value), i * STEP)
    assert np.array_equal(decide.smoothed, fresh.smoothed)


def test_reset_forgets():
    decide = detector(threshold=0.75, smoothing_ms=300, refractory_ms=1000)
    first = steps(decide, yes(0.8, 1, 1, 1))
    assert first == {1: "yes"}
    decide.reset()
    assert not decide.smoothed.any()
    assert steps(decide, yes(0.8, 1, 1, 1)) == first


def test_threshold_of_a_stranger_is_refused():
    with pytest.raises(ConfigError, match="maybe"):
        detector(thresholds={"maybe": 0.5})
