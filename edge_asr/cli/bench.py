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

from edge_asr.bundle.manifest import Form
from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.cli.arguments import add_engine_arguments, add_json_argument, running
from edge_asr.config import to_table
from edge_asr.frontend.resample import resample
from edge_asr.runtime.accelerator import CPU
from edge_asr.runtime.bench import BenchResult, bench
from edge_asr.runtime.board import RunSpec
from edge_asr.runtime.engine import load_engine
from edge_asr.runtime.load import forms_for, load_model
from edge_asr.runtime.run_arguments import run_arguments
from edge_asr.runtime.speech_bench import bench_speech
from edge_asr.runtime.speech_engine import load_speech_engine
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
    bundle = read_bundle(args.bundle)
    rate = bundle.manifest.frontend.sample_rate
    samples = _noise(NOISE_SECONDS * rate) if args.input is None else resample(*read_wav(args.input), rate)
    results = [_bench(bundle, form, samples, args) for form in _forms(bundle, args)]
    run = [f"--form={results[0].form}", *run_arguments(RunSpec(**running(args)))]
    options = [f"--bundle={args.bundle}", *run, "--input=-", "--json"]
    command = ["transcribe", "--no-endpoint"] if bundle.manifest.kind == "speech" else ["listen"]
    start = measure_start([sys.executable, "-m", "edge_asr.cli", *command, *options], _noise(START_SECONDS * rate).tobytes())
    if args.json:
        print(json.dumps({"forms": to_table(results), "start": to_table(start)}, indent=1))
    else:
        for result in results:
            _show(result)
        _show_start(start)
    return 0


def _forms(bundle: Bundle, args: argparse.Namespace) -> list[Form]:
    """Those to measure: all that the accelerator runs here, or that the CPU runs in its place."""
    how = running(args)
    if args.form is not None:
        return [args.form]
    first = load_model(bundle, bundle.manifest.kind, form=None, **how)
    fallback = first.interpreter.description.fallback
    return [form for form in forms_for(CPU if fallback else how["accelerator"]) if form in bundle.models]


def _bench(bundle: Bundle, form: Form, samples: NDArray[Any], args: argparse.Namespace) -> BenchResult:
    if bundle.manifest.kind == "speech":
        return bench_speech(load_speech_engine(bundle, form=form, **running(args)), samples)
    return bench(load_engine(bundle, form=form, **running(args)), samples)


def _noise(count: int) -> NDArray[np.int16]:
    return np.random.default_rng(0).normal(0, 3000, count).astype(np.int16)


def _show(result: BenchResult) -> None:
    about, time = result.interpreter, result.step_time
    rows: dict[str, Any] = {
        "bundle": f"{result.bundle}, {about.package} {about.version}, {about.kernels} kernels, on {platform.machine()}",
        "form": result.form,
        "runs on": about.placement,
        **({"fallback": " ".join(about.fallback.split())} if about.fallback else {}),
        "audio": f"{result.audio_seconds:.1f} s in {result.steps} steps of {result.step_ms:g} ms",
        "real-time factor": f"{result.real_time_factor:.5f}",
        "CPU": f"{result.cpu_seconds_per_hour:.2f} s per hour of audio",
        **{f"  {stage.name}": f"{stage.cpu_seconds_per_hour:.2f} s" for stage in result.stages},
        "one step": f"p50 {time.p50:.3f} ms, p95 {time.p95:.3f} ms, p99 {time.p99:.3f} ms",
    }
    if result.final_cpu_ms is not None:
        rows["final result"] = f"{result.final_cpu_ms:.1f} ms of CPU after the end of an utterance"
    for name, text in rows.items():
        print(f"{name:<17} {text}")
    print()


def _show_start(start: StartCost) -> None:
    memory = "not told by this system" if start.resident_mb is None else f"{start.resident_mb:.1f} MB"
    print(f"{'start-up':<17} {start.seconds:.2f} s until it listens")
    print(f"{'resident memory':<17} {memory}")
