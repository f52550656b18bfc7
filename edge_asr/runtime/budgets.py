"""What listening costs on this machine, compared with the budgets of its target."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.store import Bundle
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.bench import BenchResult, bench
from edge_asr.runtime.board import Budgets, RunSpec
from edge_asr.runtime.doctor import Check
from edge_asr.runtime.engine import Engine
from edge_asr.runtime.run_arguments import run_arguments
from edge_asr.runtime.speech_bench import bench_speech
from edge_asr.runtime.speech_engine import SpeechEngine
from edge_asr.runtime.startup import StartCost, measure_start

STEPS = 300
"""So many runs of the model are measured, for the 95th percentile not to be one slow one."""
ADVICE = "take a smaller model or another form, or give the target a larger budget"


@dataclass(frozen=True)
class Cost:
    """What was measured."""

    bench: BenchResult
    start: StartCost
    bundle_kb: float
    """Files of the bundle that run, in kilobytes (1e3 bytes)."""


def measure_cost(
    bundle: Bundle, run: RunSpec, engine: Engine | SpeechEngine, clip: NDArray[np.int16], progress: Progress = no_progress
) -> Cost:
    """Listen to `clip`, (n,) at the engine's rate, again and again for `STEPS` steps; then start new processes that hear it.

    `engine` is that of `bundle`, loaded as `run` says. A recogniser is measured as if somebody spoke all the time.
    Raises `EdgeAsrError` when a process ends early.
    """
    spec = engine.manifest.frontend
    command, options = ["listen"], [f"--bundle={bundle.path}", "--input=-", "--json", *run_arguments(run)]
    if isinstance(engine, SpeechEngine):
        command = ["transcribe", "--no-endpoint"]
        result = bench_speech(engine, _repeated(clip, engine.step_frames * spec.hop_samples), progress=progress)
    else:
        step = spec.hops_in(engine.manifest.detect.step_ms) * spec.hop_samples
        result = bench(engine, _repeated(clip, step), progress=progress)
    start = measure_start([sys.executable, "-m", "edge_asr.cli", *command, *options], clip.tobytes())
    sizes = [engine.model.size, *(asset.size for asset in bundle.manifest.assets)]
    return Cost(result, start, sum(sizes) / 1000)


def compare(cost: Cost, budgets: Budgets) -> Iterator[Check]:
    """A check for each budget, with what was measured and what it may be, and one that tells the start-up time."""
    cpu_percent = cost.bench.cpu_seconds_per_hour / 36.0
    yield _within("budget cpu", cpu_percent, budgets.cpu_percent, "% of a core")
    yield _within("budget step", cost.bench.step_time.p95, budgets.step_p95_ms, "ms a step (95th percentile)")
    if cost.start.resident_mb is None:
        yield Check("budget memory", "missing", "this system does not tell it", "measure where there is /proc")
    else:
        yield _within("budget memory", cost.start.resident_mb, budgets.resident_mb, "MB resident")
    yield _within("budget bundle", cost.bundle_kb, budgets.bundle_kb, "kB of models and assets")
    yield Check("start-up", "ok", f"{cost.start.seconds:.2f} s until it listens")


def _within(name: str, found: float, budget: float, unit: str) -> Check:
    if budget and not found <= budget:
        return Check(name, "failed", f"expected at most {budget:g} {unit}, found {found:.4g}", ADVICE)
    return Check(name, "ok", f"{found:.4g} {unit} ({f'budget {budget:g}' if budget else 'no budget'})")


def _repeated(clip: NDArray[np.int16], step: int) -> NDArray[np.int16]:
    return np.resize(clip, max(len(clip), STEPS * step))
