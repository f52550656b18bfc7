"""How fast a wake word is measured: hours of audio that an hour of one core gets through, decoding and decision included.

    python benchmarks/evaluate_speed.py --bundle models/commands12 [FOLDER ...]

The files are repeated until they make `--hours`. They are heard in this process, whose CPU time counts, and then by
`--workers` processes, of which the time on the clock counts. Nothing is taken from an earlier run.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from cost import RATE, generated, processor

from edge_asr.bundle.manifest import BACKGROUND
from edge_asr.data.negative_clips import Negatives
from edge_asr.data.negative_windows import Window, load_window, streams
from edge_asr.data.negatives import read_negatives
from edge_asr.runtime.engine import load_engine
from edge_asr.training.threshold import choose_threshold
from edge_asr.training.wake_listen import score_negatives


def main() -> None:
    parser = argparse.ArgumentParser(description="Hours of audio that are measured in an hour of one core.")
    parser.add_argument("audio", type=Path, nargs="*", help="folders of recordings (default: speech-like sound, as FLAC)")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        negatives = read_negatives(args.audio or [generated_files(Path(folder) / "audio")])
        measure(args.bundle, repeated(negatives, args.hours), Path(folder), args.workers)


def measure(bundle: Path, windows: list[Window], folder: Path, workers: int) -> None:
    """Measure and print."""
    engine = load_engine(bundle)
    about = engine.interpreter.description
    hours = sum(piece.seconds for window in windows for piece in window.pieces) / 3600
    print(f"{processor()}, {platform.system()} {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    print(f"{about.package} {about.version}, {about.kernels} kernels; {bundle.name}, {engine.model.form} form")
    print(f"{hours:.2f} hours of audio in {sum(len(window.pieces) for window in windows)} pieces\n")
    before = process_time()
    for window in windows:
        load_window(window, engine.manifest.frontend.sample_rate)
    decoded = process_time()
    scores = score_negatives(bundle, windows, folder / "one")
    heard = process_time()
    words = [label for label in engine.labels if label not in BACKGROUND]
    for label in words:
        choose_threshold(scores, label, engine.manifest.detect, 2.0)
    decided = process_time()
    print("| | CPU seconds per hour of audio |\n|---|---|")
    print(f"| reading alone | {(decoded - before) / hours:.2f} |")
    print(f"| reading and listening | {(heard - decoded) / hours:.2f} |")
    print(f"| a threshold for each of {len(words)} labels | {(decided - heard) / hours:.2f} |")
    print(f"\n{3600 * hours / (decided - decoded):.0f} hours of audio an hour and core")
    started = perf_counter()
    score_negatives(bundle, windows, folder / "many", workers=workers)
    clock = 3600 * hours / (perf_counter() - started)
    print(f"{clock:.0f} hours of audio an hour on the clock, with {workers} processes and their start")


def repeated(negatives: Negatives, hours: float) -> list[Window]:
    """The streams of the negatives, over and over, each time begun a millisecond later: the same audio is not heard twice."""
    times = int(np.ceil(hours / negatives.hours))
    return [later(window, number / 1000) for number in range(times) for window in streams(negatives)]


def later(window: Window, seconds: float) -> Window:
    pieces = (replace(piece, start=piece.start + seconds, seconds=piece.seconds - seconds) for piece in window.pieces)
    return replace(window, pieces=tuple(pieces))


def generated_files(folder: Path) -> Path:
    """Ten minutes of sound in clips of 7.5 s."""
    import soundfile

    folder.mkdir()
    for number, clip in enumerate(np.split(generated(600), 80)):
        soundfile.write(folder / f"{number}.flac", clip, RATE)
    return folder


if __name__ == "__main__":
    main()
