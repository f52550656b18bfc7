"""`edge-asr bench`: what a bundle costs on this machine."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.cli.arguments import add_engine_arguments, add_json_argument
from edge_asr.config import to_table
from edge_asr.frontend.resample import resample
from edge_asr.runtime.bench import BenchResult, bench
from edge_asr.runtime.engine import load_engine
from edge_asr.runtime.startup import StartCost, measure_start
from edge_asr.runtime.wav import read_wav

NOISE_SECONDS = 60
START_SECONDS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `edge-asr bench`."""
    add_engine_arguments(parser)
    parser.add_argument("--input", type=Path, metavar="FILE", help=f"a WAV file (default: {NOISE_SECONDS} s of noise)")
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    engine = load_engine(args.bundle, threads=args.threads, kernels=args.kernels)
    rate = engine.manifest.frontend.sample_rate
    samples = _noise(NOISE_SECONDS * rate) if args.input is None else resample(*read_wav(args.input), rate)
    result = bench(engine, samples)
    listen = ["listen", "--bundle", str(args.bundle), "--kernels", args.kernels, "--threads", str(args.threads)]
    command = [sys.executable, "-m", "edge_asr.cli", *listen, "--input", "-", "--json"]
    start = measure_start(command, _noise(START_SECONDS * rate).tobytes())
    if args.json:
        print(json.dumps({**to_table(result), "start": to_table(start)}, indent=1))
    else:
        _show(result, start)
    return 0


def _noise(count: int) -> NDArray[np.int16]:
    return np.random.default_rng(0).normal(0, 3000, count).astype(np.int16)


def _show(result: BenchResult, start: StartCost) -> None:
    about, time = result.interpreter, result.step_time
    memory = "not told by this system" if start.resident_mb is None else f"{start.resident_mb:.1f} MB"
    rows: dict[str, Any] = {
        "bundle": f"{result.bundle}, {about.package} {about.version}, {about.kernels} kernels, on {platform.machine()}",
        "audio": f"{result.audio_seconds:.1f} s in {result.steps} steps of {result.step_ms:g} ms",
        "real-time factor": f"{result.real_time_factor:.5f}",
        "CPU": f"{result.cpu_seconds_per_hour:.2f} s per hour of audio",
        **{f"  {stage.name}": f"{stage.cpu_seconds_per_hour:.2f} s" for stage in result.stages},
        "one step": f"p50 {time.p50:.3f} ms, p95 {time.p95:.3f} ms, p99 {time.p99:.3f} ms",
        "start-up": f"{start.seconds:.2f} s until it listens",
        "resident memory": memory,
    }
    for name, text in rows.items():
        print(f"{name:<17} {text}")
