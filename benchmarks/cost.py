"""CPU cost of listening: a bundle through our whole chain, and pymicro-wakeword's bundled model, on the same audio in one run.

    python benchmarks/cost.py --bundle models/commands12 [AUDIO.wav ...]

Each is fed in chunks of 80 ms and of 20 ms, as a microphone would, in a process of its own (the two carry different builds of
TensorFlow Lite). They take turns for some rounds, and the least CPU time of each counts: a busy machine only ever adds to it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

from edge_asr.frontend.resample import resample
from edge_asr.runtime.engine import load_engine
from edge_asr.runtime.wav import read_wav

RATE = 16000
CHUNK_MS = (80, 20)
Feed = Callable[[NDArray[np.int16]], object]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="CPU seconds per hour of audio, beside pymicro-wakeword.")
    parser.add_argument("audio", type=Path, nargs="*", help="WAV files (default: noise and speech-like sound)")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--model", default="okay_nabu", help="of pymicro-wakeword (default: okay_nabu)")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    samples = from_files(args.audio) if args.audio else generated(120)
    seconds = len(samples) / RATE
    least = measure(args.bundle, args.model, samples, args.rounds)

    source = f"{len(args.audio)} files" if args.audio else "half noise, half speech-like, generated"
    about = load_engine(args.bundle).interpreter.description
    print(f"{processor()}, {platform.system()} {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    print(f"{about.package} {about.version}, {about.kernels} kernels, 1 thread")
    print(f"audio: {seconds:.1f} s ({source}); the least of {args.rounds} rounds\n")
    print("| CPU seconds per hour of audio | 80 ms chunks | 20 ms chunks |\n|---|---|---|")
    names = list(dict.fromkeys(name for name, _ in least))
    for name in names:
        costs = [least[name, chunk_ms] / seconds * 3600 for chunk_ms in CHUNK_MS]
        print(f"| {name} | {costs[0]:.2f} | {costs[1]:.2f} |")
    ratios = [least[names[0], chunk_ms] / least[names[1], chunk_ms] for chunk_ms in CHUNK_MS]
    print(f"| ratio | {ratios[0]:.2f} | {ratios[1]:.2f} |")


def measure(bundle: Path, model: str, samples: NDArray[np.int16], rounds: int) -> dict[tuple[str, int], float]:
    """Least CPU seconds for `samples`, by name and chunk length in ms."""
    makers = {f"edge_asr, {bundle.name}": (make_ours, str(bundle)), f"pymicro-wakeword, {model}": (make_theirs, model)}
    least: dict[tuple[str, int], float] = {}
    spawn = multiprocessing.get_context("spawn")
    pools = {name: ProcessPoolExecutor(1, mp_context=spawn) for name in makers}
    for number in range(rounds):
        for name, (maker, what) in makers.items():
            for chunk_ms in CHUNK_MS:
                spent = pools[name].submit(cpu_seconds, maker, what, samples, chunk_ms).result()
                least[name, chunk_ms] = min(spent, least.get((name, chunk_ms), spent))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    for pool in pools.values():
        pool.shutdown()
    return least


def cpu_seconds(maker: Callable[[str], Feed], what: str, samples: NDArray[np.int16], chunk_ms: int) -> float:
    """CPU seconds, of all threads, to feed `samples` to a fresh listener; the first second warms it up, uncounted."""
    feed, step = maker(what), RATE * chunk_ms // 1000
    chunks = [samples[at : at + step] for at in range(0, len(samples), step)]
    for chunk in chunks[: RATE // step]:
        feed(chunk)
    before = process_time()
    for chunk in chunks:
        feed(chunk)
    return process_time() - before


def make_ours(bundle: str) -> Feed:
    """A stream on the bundle: front end, model, decision."""
    engine = load_engine(Path(bundle))
    if engine.manifest.frontend.sample_rate != RATE:
        raise SystemExit(f"{bundle}: pymicro-wakeword listens at {RATE} Hz, this bundle does not")
    return engine.stream().accept


def make_theirs(model: str) -> Feed:
    """pymicro-wakeword's features and model, used as its own command does."""
    from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

    features, detector = MicroWakeWordFeatures(), MicroWakeWord.from_builtin(Model(model))

    def feed(chunk: NDArray[np.int16]) -> None:
        for frame in features.process_streaming(chunk.tobytes()):
            detector.process_streaming(frame)

    return feed


def from_files(paths: list[Path]) -> NDArray[np.int16]:
    """The files, one after another, at the rate that both listen at."""
    sound = np.concatenate([resample(*read_wav(path), RATE) for path in paths])
    return np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)


def generated(seconds: int) -> NDArray[np.int16]:
    """Noise, then a buzz in syllables: sound for those who have no recording at hand."""
    rng, half = np.random.default_rng(0), seconds * RATE // 2
    time = np.arange(half) / RATE
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * time)) / RATE
    buzz = sum(np.sin(n * phase) / n for n in range(1, 30)) * np.clip(np.sin(2 * np.pi * 2.5 * time), 0, 1)
    return np.concatenate((rng.normal(0, 2000, half), 4000 * buzz + rng.normal(0, 20, half))).astype(np.int16)


def processor() -> str:
    """The machine's CPU, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.lower().startswith(("model name", "model\t"))]
    return next((name for name in names if not name.isdecimal()), platform.processor() or "unknown CPU")


if __name__ == "__main__":
    main()
