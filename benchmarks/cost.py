"""CPU cost of listening: a bundle through our whole chain, ten wake words at once, and other engines, in one run.

    python benchmarks/cost.py [--bundle models/alexa] [AUDIO.wav ...]

Without a bundle, networks with random weights stand in. Each contender is fed in chunks of 80 ms and of 20 ms, as a microphone
would, in a process of its own (they carry different builds of TensorFlow Lite). They take turns for some rounds, and the least
CPU time of each counts: a busy machine only ever adds to it. The other engines (pymicro-wakeword and
pyopen-wakeword) come with `pip install 'edge-asr[bench]'`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray
from sounds import RATE, from_files, generated

from edge_asr.bundle.manifest import BACKGROUND
from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.runtime.engine import load_engine
from edge_asr.runtime.listener import Listener
from edge_asr.runtime.load import RUNNABLE_FORMS
from edge_asr.runtime.stream import Stream

CHUNK_MS = (80, 20)
WORDS = 10
Feed = Callable[[NDArray[np.int16]], object]


@dataclass(frozen=True)
class Contender:
    """Who listens: `make(what)` gives the function that takes audio."""

    name: str
    make: Callable[[str], Feed]
    what: str


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="CPU seconds per hour of audio, beside other wake-word engines.")
    parser.add_argument("audio", type=Path, nargs="*", help="WAV or FLAC files (default: noise and speech-like sound)")
    parser.add_argument("--bundle", type=Path, help="of one wake word (default: random weights)")
    parser.add_argument("--model", default="okay_nabu", help="of the other engines (default: okay_nabu)")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    samples = from_files(args.audio) if args.audio else generated(60)
    with tempfile.TemporaryDirectory() as folder:
        bundle, ten = bundles(args.bundle, Path(folder))
        least = measure(contenders(bundle, ten, args.model), samples, args.rounds)
        about = load_engine(bundle).interpreter.description
    source = f"{len(args.audio)} files" if args.audio else "half noise, half speech-like, generated"
    print(f"{processor()}, {platform.system()} {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    print(f"{about.package} {about.version}, {about.kernels} kernels, 1 thread")
    print(f"audio: {len(samples) / RATE:.1f} s ({source}); the least of {args.rounds} rounds; times the first line in brackets\n")
    show(least, len(samples) / RATE)


def bundles(given: Path | None, folder: Path) -> tuple[Bundle, Bundle]:
    """The bundle of one wake word, and one of its kind for ten."""
    from stand_in import stand_in, wider

    if given is None:
        return stand_in(folder / "random weights", 1), stand_in(folder / "ten", WORDS)
    bundle = read_bundle(given)
    if bundle.manifest.frontend.sample_rate != RATE:
        raise SystemExit(f"{given}: the other engines listen at {RATE} Hz, this bundle does not")
    return bundle, wider(folder / "ten", bundle, WORDS)


def contenders(bundle: Bundle, ten: Bundle, model: str) -> list[Contender]:
    """In the order of the table; the first is what the others are compared with."""
    name = f"edge_asr, {bundle.manifest.name}"
    makers = {"stream": make_stream, "window": make_window}
    ours = [Contender(f"{name}, {form} form", makers[form], str(bundle.path)) for form in RUNNABLE_FORMS if form in bundle.models]
    others = {"pymicro_wakeword": make_micro, "pyopen_wakeword": make_open}
    for package in [package for package in others if find_spec(package) is None]:
        print(f"{package} is not installed: pip install 'edge-asr[bench]'", file=sys.stderr)
        del others[package]
    return [
        *ours,
        Contender(f"edge_asr, one model of {WORDS} words", make_best, str(ten.path)),
        Contender(f"edge_asr, {WORDS} bundles on one front end", make_many, str(bundle.path)),
        *(Contender(f"{package.replace('_', '-')}, {model}", make, model) for package, make in others.items()),
    ]


def measure(who: list[Contender], samples: NDArray[np.int16], rounds: int) -> dict[tuple[str, int], float]:
    """Least CPU seconds for `samples`, by name and chunk length in ms."""
    least: dict[tuple[str, int], float] = {}
    spawn = multiprocessing.get_context("spawn")
    pools = {one.name: ProcessPoolExecutor(1, mp_context=spawn) for one in who}
    for number in range(rounds):
        for one in who:
            for chunk_ms in CHUNK_MS:
                spent = pools[one.name].submit(cpu_seconds, one, samples, chunk_ms).result()
                least[one.name, chunk_ms] = min(spent, least.get((one.name, chunk_ms), spent))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    for pool in pools.values():
        pool.shutdown()
    return least


def show(least: dict[tuple[str, int], float], seconds: float) -> None:
    """The table."""
    names = list(dict.fromkeys(name for name, _ in least))
    print("| CPU seconds per hour of audio | 80 ms chunks | 20 ms chunks |\n|---|---|---|")
    for name in names:
        cells = []
        for chunk_ms in CHUNK_MS:
            ratio = least[name, chunk_ms] / least[names[0], chunk_ms]
            cells.append(f"{least[name, chunk_ms] / seconds * 3600:.2f} ({ratio:.2f})")
        print(f"| {name} | {' | '.join(cells)} |")


def cpu_seconds(one: Contender, samples: NDArray[np.int16], chunk_ms: int) -> float:
    """CPU seconds, of all threads, to feed `samples` to a fresh listener; the first second warms it up, uncounted."""
    feed, step = one.make(one.what), RATE * chunk_ms // 1000
    chunks = [samples[at : at + step] for at in range(0, len(samples), step)]
    for chunk in chunks[: RATE // step]:
        feed(chunk)
    before = process_time()
    for chunk in chunks:
        feed(chunk)
    return process_time() - before


def make_stream(bundle: str) -> Feed:
    return load_engine(Path(bundle), form="stream").stream().accept


def make_window(bundle: str) -> Feed:
    return load_engine(Path(bundle), form="window").stream().accept


def make_best(bundle: str) -> Feed:
    return load_engine(Path(bundle)).stream().accept


def make_many(path: str) -> Feed:
    """The bundle ten times, each with labels of its own."""
    bundle, listeners = read_bundle(Path(path)), []
    for number in range(WORDS):
        labels = tuple(label if label in BACKGROUND else f"{label}{number}" for label in bundle.manifest.labels)
        detect = replace(bundle.manifest.detect, thresholds={})
        renamed = replace(bundle, manifest=replace(bundle.manifest, labels=labels, detect=detect))
        listeners.append(Listener(load_engine(renamed), detect, str(number)))
    return Stream(listeners).accept


def make_micro(model: str) -> Feed:
    """pymicro-wakeword's features and model, used as its own command does."""
    from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

    features, detector = MicroWakeWordFeatures(), MicroWakeWord.from_builtin(Model(model))

    def feed(chunk: NDArray[np.int16]) -> None:
        for frame in features.process_streaming(chunk.tobytes()):
            detector.process_streaming(frame)

    return feed


def make_open(model: str) -> Feed:
    """pyopen-wakeword's features and model, used as its own command does."""
    from pyopen_wakeword import Model, OpenWakeWord, OpenWakeWordFeatures

    features, detector = OpenWakeWordFeatures.from_builtin(), OpenWakeWord.from_builtin(Model(model))

    def feed(chunk: NDArray[np.int16]) -> None:
        for embeddings in features.process_streaming(chunk.tobytes()):
            for _ in detector.process_streaming(embeddings):
                pass

    return feed


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
