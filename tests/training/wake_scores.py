"""Scores made up for tests: posteriors as a wake word model gives them, and the detector run over every step of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge_asr.bundle.manifest import DetectSpec
from edge_asr.data.negative_clips import NegativeClip
from edge_asr.data.negative_windows import Piece, Window
from edge_asr.runtime.detector import Detector
from edge_asr.runtime.events import Detection
from edge_asr.runtime.speech_span import Span
from edge_asr.training.positives import Positive
from edge_asr.training.trace import Replay, Timing, Trace
from edge_asr.training.wake_score import NegativeScores, PositiveScores, ScoredClip, ScoredStream

TIMING = Timing(("_unknown_", "wake", "other"), 16000, 1280, 24000)
STEP_SECONDS = 0.08
DETECT = DetectSpec(step_ms=80.0, smoothing_ms=240.0, threshold=0.5, release=0.5, refractory_ms=700.0)


def trace(wake: Sequence[float], other: Sequence[float] | None = None) -> Trace:
    """A trace whose step i ends at (i + 1) * 80 ms."""
    second = np.zeros(len(wake)) if other is None else np.asarray(other)
    posteriors = np.stack([1 - np.asarray(wake) - second, wake, second], axis=1).astype(np.float32)
    return Trace(posteriors, 1280, 1280 * len(posteriors))


def bursts(rng: np.random.Generator, steps: int, count: int, peak: float = 1.0) -> np.ndarray:
    """A quiet score with `count` bursts of 4 to 10 steps, each up to a height of its own."""
    score = rng.random(steps) * 0.03
    for _ in range(count):
        at, long = rng.integers(steps), rng.integers(4, 11)
        score[at : at + long] = np.maximum(score[at : at + long], peak * rng.random())
    return score


def replay(made: Trace) -> Replay:
    return Replay(made, TIMING, DETECT.smoothing_ms)


def stream(made: Trace, name: str = "talk") -> ScoredStream:
    seconds = made.samples / 16000
    clip = NegativeClip(Path(f"negatives/{name}.wav"), "test", None, seconds, "speech", "made up")
    return ScoredStream(Window(name, seconds, (Piece(clip, 0.0, seconds, 0.0),)), replay(made))


def negatives(*scores: Sequence[float]) -> NegativeScores:
    return NegativeScores(tuple(stream(trace(one), f"talk{i}") for i, one in enumerate(scores)))


def clip(made: Trace, word: Span, name: str = "0", label: str = "wake") -> ScoredClip:
    return ScoredClip(Positive(Path(f"recordings/{label}/{name}.wav"), label), word, replay(made))


def positives(*clips: ScoredClip) -> PositiveScores:
    return PositiveScores({"clean": clips})


def every_step(made: Trace, detect: DetectSpec) -> list[Detection]:
    """What the detector says when it sees every single step."""
    detector = Detector(TIMING.labels, detect, sample_rate=16000, step_samples=1280, window_samples=24000)
    events = [detector.step(row, made.first_end + 1280 * at) for at, row in enumerate(made.posteriors)]
    return [event for event in events if event]
