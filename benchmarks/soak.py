"""Hours of audio through a real `edge-asr listen`, faster than real time: is its memory flat, and is no event lost?

    python benchmarks/soak.py --bundle models/alexa --hours 8 wake/alexa/*.flac

Sound is drawn from the files (which should hold the word; without any it is made up) by a seed, block by block, and piped to the
process; nothing is written to disk. The events must be those of the engine in this process on the same sound. The exit status
is 1 if anything is not as it should be. On Linux; reading FLAC needs soundfile.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray
from sounds import as_int16, generated

from edge_asr.data.audio_file import read_audio
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.runtime.events import event_json
from edge_asr.runtime.stream import Stream

BLOCK_SECONDS = 10
WARM_BLOCKS = 6
"""In its first minute a process still fills its caches and its allocator."""
GROWTH_MB = 1.0
"""From the first eighth to the last. A leak of one small object a step would make 20 MB in eight hours."""


@dataclass(frozen=True)
class Soak:
    """What was seen."""

    hours: float
    wall_seconds: float
    status: int
    """The process's exit status."""
    events: list[dict[str, Any]]
    """All that it wrote but the header."""
    expected: list[dict[str, Any]]
    """Detections of the engine in this process."""
    memory_mb: list[float]
    """Resident memory after each block."""

    @property
    def first_mb(self) -> float:
        """Median of the first eighth (an hour of eight), without the warm-up."""
        return statistics.median(self.memory_mb[WARM_BLOCKS : max(WARM_BLOCKS + 1, len(self.memory_mb) // 8)])

    @property
    def last_mb(self) -> float:
        """Median of the last eighth."""
        return statistics.median(self.memory_mb[-max(1, len(self.memory_mb) // 8) :])

    def problems(self) -> list[str]:
        """What is wrong, if anything."""
        detections = [event for event in self.events if event["event"] == "detection"]
        others = [event["event"] for event in self.events if event["event"] not in ("detection", "started")]
        lost, extra = missing(self.expected, detections), missing(detections, self.expected)
        found = [
            (bool(others), f"unexpected events: {', '.join(others[:5])}"),
            (bool(lost), f"{len(lost)} events lost, the first {lost[:1]}"),
            (bool(extra), f"{len(extra)} events that the offline engine does not have, the first {extra[:1]}"),
            (detections != self.expected and not lost and not extra, "the events are not in their order"),
            (not self.expected, "nothing was detected, which proves nothing: give recordings of the word or a lower --threshold"),
            (self.last_mb > self.first_mb + GROWTH_MB, f"memory grew by {self.last_mb - self.first_mb:.2f} MB"),
        ]
        return [text for is_wrong, text in found if is_wrong]


def main() -> None:
    parser = argparse.ArgumentParser(description="Hours of audio through edge-asr listen.")
    parser.add_argument("audio", type=Path, nargs="*", help="WAV or FLAC files to draw from (default: made-up sound)")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threshold", type=float, help="score to detect at (default: the bundle's)")
    args = parser.parse_args()
    blocks = round(args.hours * 3600 / BLOCK_SECONDS)
    if blocks <= 2 * WARM_BLOCKS:
        parser.error(f"--hours must be more than {2 * WARM_BLOCKS * BLOCK_SECONDS / 3600:.3f}, to see memory before and after")
    engine = load_engine(args.bundle)
    rate = engine.manifest.frontend.sample_rate
    bank = [as_int16(read_audio(path, rate)) for path in args.audio] or [generated(BLOCK_SECONDS, args.seed)]
    result = soak(args.bundle, engine, sound(bank, rate, blocks, args.seed), args.threshold)
    if result.status:
        raise SystemExit(f"FAILED: edge-asr listen ended with status {result.status} after {result.hours:.2f} hours of audio")
    speed = result.hours * 3600 / result.wall_seconds
    print(f"{result.hours:.2f} hours of audio in {result.wall_seconds:.0f} s ({speed:.0f} times real time)")
    print(f"{len(result.expected)} detections expected, {len(result.events)} events received")
    print(f"resident memory: {result.first_mb:.2f} MB in the first eighth, {result.last_mb:.2f} MB in the last")
    problems = result.problems()
    print("\n".join(f"FAILED: {problem}" for problem in problems) or "PASSED")
    raise SystemExit(bool(problems))


def soak(bundle: Path, engine: Engine, blocks: Iterator[NDArray[np.int16]], threshold: float | None) -> Soak:
    """Pipe `blocks` into a listening process, and to `engine`."""
    options = ["--input", "-", "--json", *([] if threshold is None else ["--threshold", str(threshold)])]
    command = [sys.executable, "-m", "edge_asr.cli", "listen", "--bundle", str(bundle), *options]
    stream, samples, expected, memory = offline(engine, threshold), 0, [], []
    start = perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        lines: list[bytes] = []
        reader = threading.Thread(target=lambda: lines.extend(stdout))
        reader.start()
        for block in blocks:
            samples += len(block)
            expected += stream.accept(block)
            with contextlib.suppress(BrokenPipeError):
                stdin.write(block.tobytes())  # returns when all but a pipe's 64 kB were taken
            resident = resident_mb(process.pid)
            if resident is None:
                break
            memory.append(resident)
        expected += stream.finish()
        with contextlib.suppress(BrokenPipeError):
            stdin.close()
        reader.join()
    return Soak(
        hours=samples / engine.manifest.frontend.sample_rate / 3600,
        wall_seconds=perf_counter() - start,
        status=process.returncode,
        events=[json.loads(line) for line in lines][1:],
        expected=[event_json(event) for event in expected],
        memory_mb=memory,
    )


def offline(engine: Engine, threshold: float | None) -> Stream:
    """The stream that `edge-asr listen` would open."""
    detect = engine.manifest.detect
    return engine.stream(detect if threshold is None else replace(detect, threshold=threshold, thresholds={}))


def sound(bank: list[NDArray[np.int16]], rate: int, blocks: int, seed: int) -> Iterator[NDArray[np.int16]]:
    """Blocks of excerpts of `bank` at any level, with pauses, over noise at any level or none; the same for the same seed."""
    length = BLOCK_SECONDS * rate
    noise = np.random.default_rng(seed).standard_normal(2 * length, dtype=np.float32)
    for number in range(blocks):
        rng = np.random.default_rng((seed, number))
        block = np.zeros(length, np.float32)
        if rng.random() < 0.8:
            at = rng.integers(length)
            block += 10 ** rng.uniform(0, 3) * noise[at : at + length]
        at = int(rng.uniform(0, 2) * rate)
        while at < length:
            clip = bank[rng.integers(len(bank))]
            begin = rng.integers(max(1, len(clip) - length))
            part = clip[begin : begin + length - at]
            block[at : at + len(part)] += 10 ** rng.uniform(-1.5, 0) * part
            at += len(part) + int(rng.uniform(0, 2) * rate)
        yield np.clip(block, -32768, 32767).astype(np.int16)


def missing(wanted: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events of `wanted` that `found` does not have."""
    there = {json.dumps(event) for event in found}
    return [event for event in wanted if json.dumps(event) not in there]


def resident_mb(pid: int) -> float | None:
    """Resident memory of a process in MB (10^6 bytes); None when it has ended."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024 / 1e6 if "VmRSS" in fields else None


if __name__ == "__main__":
    main()
