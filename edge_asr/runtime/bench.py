"""What listening costs: the whole chain step by step, and each of its stages alone on the same audio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import Form
from edge_asr.bundle.quantization import quantize
from edge_asr.errors import AudioError
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.detector import Detector
from edge_asr.runtime.engine import Engine
from edge_asr.runtime.features import FeatureStream
from edge_asr.runtime.interpreter import InterpreterDescription

if TYPE_CHECKING:
    from edge_asr.runtime.speech_engine import SpeechEngine

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class StageCost:
    """One part of the chain."""

    name: str
    cpu_seconds_per_hour: float
    """CPU seconds, of all threads, for an hour of audio."""


@dataclass(frozen=True)
class Percentiles:
    """Of the wall time of one step, in milliseconds."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class BenchResult:
    """What a bundle costs on this machine."""

    bundle: str
    form: Form
    """Of the model that ran."""
    interpreter: InterpreterDescription
    audio_seconds: float
    step_ms: float
    """Audio in one step, after which the model runs once."""
    steps: int
    real_time_factor: float
    """Wall seconds for a second of audio; below 1 is faster than real time."""
    cpu_seconds_per_hour: float
    """CPU seconds, of all threads, for an hour of audio."""
    step_time: Percentiles
    stages: tuple[StageCost, ...]
    """Front end, model, decision or decoding, and the rest (checks, buffers, level, caches that stages take from each other).
    Their sum is the whole."""
    final_cpu_ms: float | None = None
    """Of speech: CPU milliseconds from the end of an utterance to its transcript."""


def bench(engine: Engine, samples: NDArray[Any], *, progress: Progress = no_progress) -> BenchResult:
    """Measure `engine` on `samples`, (n,) int16 or float at its rate, fed step by step as a microphone would.

    Raises `AudioError` when the audio is shorter than 100 steps, too few for a 99th percentile.
    """
    spec = engine.manifest.frontend
    chunks = in_steps(samples, spec, spec.hops_in(engine.manifest.detect.step_ms))
    engine.stream().accept(samples[: 10 * len(chunks[0])])  # the first calls fill caches and the interpreter's arena
    steps, whole_cpu = timed(engine.stream().accept, chunks, "the whole chain", progress)
    parts = _parts(engine, chunks, progress)
    return summary(engine, len(chunks[0]), steps, whole_cpu, parts)


def in_steps(samples: NDArray[Any], spec: FrontendSpec, step_frames: int) -> list[NDArray[Any]]:
    """`samples` a step at a time. Raises `AudioError` when they are fewer than 100 steps."""
    step = step_frames * spec.hop_samples
    chunks = [samples[at : at + step] for at in range(0, len(samples) - step + 1, step)]
    if len(chunks) < 100:
        needed, found = 100 * step / spec.sample_rate, len(samples) / spec.sample_rate
        raise AudioError(f"expected at least {needed:.1f} s of audio to measure, found {found:.1f} s")
    return chunks


def summary(
    engine: Engine | SpeechEngine, step_samples: int, steps: NDArray[np.float64], whole_cpu: float, parts: dict[str, float]
) -> BenchResult:
    """Put together what was measured: wall seconds of each step, CPU seconds of all, and of each part alone."""
    rate = engine.manifest.frontend.sample_rate
    seconds = len(steps) * step_samples / rate
    p50, p95, p99 = (float(value) for value in np.percentile(steps, (50, 95, 99)) * 1000)
    costs = {**parts, "rest": whole_cpu - sum(parts.values())}
    return BenchResult(
        bundle=engine.manifest.name,
        form=engine.model.form,
        interpreter=engine.interpreter.description,
        audio_seconds=seconds,
        step_ms=1000 * step_samples / rate,
        steps=len(steps),
        real_time_factor=float(np.sum(steps)) / seconds,
        cpu_seconds_per_hour=whole_cpu / seconds * SECONDS_PER_HOUR,
        step_time=Percentiles(p50, p95, p99),
        stages=tuple(StageCost(name, cpu / seconds * SECONDS_PER_HOUR) for name, cpu in costs.items()),
    )


def _parts(engine: Engine, chunks: list[NDArray[Any]], progress: Progress) -> dict[str, float]:
    """CPU seconds of each stage alone. Every chunk completes one step."""
    spec, detect = engine.manifest.frontend, engine.manifest.detect
    frontend = FeatureStream(spec, spec.hops_in(detect.step_ms))
    blocks: list[NDArray[np.float32]] = []
    _, frontend_cpu = timed(lambda chunk: blocks.extend(frontend.accept(chunk)), chunks, "front end", progress)
    track = engine.track(spec.hops_in(detect.step_ms))
    stored = [quantize(block, engine.model.input) for block in blocks]
    posteriors: list[NDArray[np.float32]] = []
    _, model_cpu = timed(lambda frames: posteriors.append(track.step(frames)), stored, "model", progress)
    step, window = len(chunks[0]), engine.window_samples
    detector = Detector(engine.labels, detect, sample_rate=spec.sample_rate, step_samples=step, window_samples=window)
    numbered = list(enumerate(posteriors))
    _, decision_cpu = timed(lambda item: detector.step(item[1], item[0] * step), numbered, "decision", progress)
    return {"front end": frontend_cpu, "model": model_cpu, "decision": decision_cpu}


def timed(work: Callable[[Any], object], items: list[Any], what: str, progress: Progress) -> tuple[NDArray[np.float64], float]:
    """Do `work` on each item: the wall seconds of each, and the CPU seconds of all."""
    times = np.zeros(len(items))
    cpu = 0.0
    for number, item in enumerate(items):
        wall_before, cpu_before = perf_counter(), process_time()
        work(item)
        cpu += process_time() - cpu_before
        times[number] = perf_counter() - wall_before
        if number % 100 == 0:
            progress(what, number, len(items))
    progress(what, len(items), len(items))
    return times, cpu
