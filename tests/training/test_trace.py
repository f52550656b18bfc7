"""A trace decided on afterwards gives what the live stream reports, whatever the thresholds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_asr.bundle.manifest import DetectSpec
from edge_asr.bundle.store import Bundle
from edge_asr.runtime.detector import Detector
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.training.trace import Replay, Timing, Trace, alone, take_trace

LABELS = ("_unknown_", "one", "two")
TIMING = Timing(LABELS, 16000, 1280, 24000)


@pytest.fixture
def engine(tiny_bundle: Bundle) -> Engine:
    return load_engine(tiny_bundle)


def tones(seconds: float = 20.0) -> np.ndarray:
    """Tones that the tiny model knows, of many strengths and lengths, and silence between them; int16."""
    rng, parts = np.random.default_rng(3), []
    while sum(map(len, parts)) < seconds * 16000:
        time = np.arange(round(rng.uniform(0.05, 1.2) * 16000)) / 16000
        parts.append(rng.uniform(0, 0.3) * np.sin(2 * np.pi * rng.choice([1000, 3000]) * time))
        parts.append(np.zeros(round(rng.uniform(0.1, 3.0) * 16000)))
    return (np.concatenate(parts) * 32767).astype(np.int16)


@pytest.mark.parametrize("threshold", [0.1, 0.4, 0.8, 0.97])
@pytest.mark.parametrize("smoothing_ms", [0.0, 300.0, 1200.0])
def test_replays_what_the_stream_reports(engine: Engine, threshold: float, smoothing_ms: float) -> None:
    detect = replace(engine.manifest.detect, threshold=threshold, smoothing_ms=smoothing_ms)
    sound = tones()
    stream = engine.stream(detect)
    live = [*stream.accept(sound), *stream.finish()]
    assert live
    trace = take_trace(engine, [sound[:7000], sound[7000:]])
    assert Replay(trace, Timing.of(engine), smoothing_ms).detections(detect) == live


def test_a_word_at_the_very_end_ends_with_the_sound(engine: Engine) -> None:
    sound = np.concatenate([np.zeros(16000), 0.3 * np.sin(2 * np.pi * 1000 * np.arange(2000) / 16000)]).astype(np.float32)
    stream = engine.stream()
    assert not stream.accept(sound)
    (live,) = stream.finish()
    replay = Replay(take_trace(engine, [sound]), Timing.of(engine), 300.0)
    assert replay.detections(engine.manifest.detect) == [live]
    assert live.end == len(sound) / 16000 == replay.ends[-1]


def test_nothing_heard(engine: Engine) -> None:
    trace = take_trace(engine, [])
    assert trace.samples == 0
    replay = Replay(Trace(trace.posteriors[:0], 0, 0), Timing.of(engine), 300.0)
    assert replay.detections(engine.manifest.detect) == []


def everything(trace: Trace, timing: Timing, detect: DetectSpec) -> tuple[list[object], np.ndarray]:
    """The detector over every step: its events, and the means that it decides on."""
    detector = Detector(
        timing.labels,
        detect,
        sample_rate=timing.sample_rate,
        step_samples=timing.step_samples,
        window_samples=timing.window_samples,
    )
    found, scores = [], []
    for at, posterior in enumerate(trace.posteriors):
        event = detector.step(posterior, trace.first_end + at * timing.step_samples)
        scores.append(detector.smoothed)
        if event:
            found.append(event)
    return found, np.array(scores)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Mostly quiet posteriors with bursts, as of a wake word model; some bursts long, some a single step."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    odds = rng.random((draw(st.integers(1, 120)), len(LABELS))) * 0.05
    odds[:, 0] += 0.5
    for _ in range(draw(st.integers(0, 12))):
        at, long = rng.integers(len(odds)), rng.integers(1, 12)
        odds[at : at + long, rng.integers(1, 3)] += rng.choice([0.3, 1.0, 20.0])
    if draw(st.booleans()):  # of all magnitudes: the order in which they are added shows
        odds *= 10.0 ** -rng.uniform(0, 12, odds.shape)
    posteriors = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    return Trace(posteriors, 960, 960 + 1280 * len(posteriors))


@settings(max_examples=150)
@given(
    trace=traces(),
    threshold=st.sampled_from([0.0, 0.05, 0.2, 0.5, 0.8, 1.0]),
    other=st.sampled_from([0.1, 0.6]),
    smoothing_ms=st.sampled_from([0.0, 160.0, 320.0, 960.0]),
    release=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    refractory_ms=st.sampled_from([0.0, 700.0, 3000.0]),
)
def test_skipping_quiet_steps_changes_nothing(
    trace: Trace, threshold: float, other: float, smoothing_ms: float, release: float, refractory_ms: float
) -> None:
    detect = DetectSpec(80.0, smoothing_ms, threshold, {"two": other}, release, refractory_ms)
    events, scores = everything(trace, TIMING, detect)
    replay = Replay(trace, TIMING, smoothing_ms)
    assert np.array_equal(replay.scores, scores)  # bit for bit: thresholds are compared with these
    assert replay.detections(detect) == events


@settings(max_examples=50)
@given(trace=traces(), threshold=st.sampled_from([0.05, 0.3, 0.8]))
def test_a_label_alone_is_hidden_by_no_other(trace: Trace, threshold: float) -> None:
    detect = DetectSpec(80.0, 160.0, 0.1)
    found = Replay(trace, TIMING, 160.0).detections(alone(detect, "one", threshold))
    silenced = replace(trace, posteriors=trace.posteriors * np.array([1, 1, 0], np.float32))
    expected, _ = everything(silenced, TIMING, replace(detect, threshold=threshold))
    assert found == expected


def test_quiet_steps_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    posteriors = np.tile(np.float32([0.98, 0.01, 0.01]), (10000, 1))
    posteriors[5000:5005] = (0.1, 0.9, 0.0)
    steps = []
    original = Detector.step
    monkeypatch.setattr(Detector, "step", lambda self, *args: steps.append(args) or original(self, *args))
    (event,) = Replay(Trace(posteriors, 0, 10**9), TIMING, 320.0).detections(DetectSpec(80.0, 320.0, 0.5))
    assert event.label == "one"
    assert len(steps) < 40  # 5 steps, 3 on either side that share a mean with them, 4 of the gap before
