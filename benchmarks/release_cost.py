"""What a release takes: room on a board by part, time to start, memory; on this machine and, emulated, on the board's processor.

    python benchmarks/release_cost.py [--target pi4] [--bundle models/commands12] [--starts 5]

The room is that of the release for the target. Time and memory are those of `edge-asr listen`, run from a release through its
launcher without the packages of the workstation: until its first line, and after a minute of noise. They are of this machine,
and of the target under qemu (where time means little, and memory holds translated code too). The least of all starts counts.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from edge_asr.deploy.emulator import make_emulator
from edge_asr.deploy.pack import CACHE, pack_release
from edge_asr.deploy.release import Release
from edge_asr.deploy.target import load_target
from edge_asr.runtime.board import read_settings
from edge_asr.runtime.release import BUNDLE, LAUNCHER, SETTINGS, SITE
from edge_asr.runtime.run_arguments import run_arguments
from edge_asr.runtime.startup import measure_start

NOISE = np.random.default_rng(0).normal(0, 300, 60 * 16000).astype(np.int16).tobytes()


def main() -> None:
    parser = argparse.ArgumentParser(description="Installed size, start-up time and memory of a release.")
    parser.add_argument("--target", default="pi4")
    parser.add_argument("--bundle", type=Path, default=Path("models/commands12"))
    parser.add_argument("--starts", type=int, default=5)
    args = parser.parse_args()
    target = load_target(args.target)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    own = load_target("x86_64" if platform.machine() == "x86_64" else "aarch64", [f'board.python="{version}"'])
    with tempfile.TemporaryDirectory() as folder:
        release = pack_release(args.bundle, target, Path(folder) / "board", cache=CACHE)
        print_parts(release)
        here = pack_release(args.bundle, own, Path(folder) / "here", cache=CACHE)
        python = Path(sys.base_prefix) / "bin"
        print_start(f"{own.board.machine}, directly", here, {"PATH": f"{python}:{os.defpath}"}, args.starts)
        emulator = make_emulator(target.board, CACHE / "emulate")
        print_start(f"{target.board.machine}, under qemu", release, emulator.environment(Path(folder) / "pycache"), args.starts)


def print_parts(release: Release) -> None:
    """Bytes of each part: a package of `site` (with its libraries), the bundle, the rest."""
    sizes: Counter[str] = Counter()
    for path, file in release.files.items():
        first, _, rest = path.partition("/")
        sizes[f"{SITE}/{rest.split('/')[0].split('.')[0].split('-')[0]}" if first == SITE else first] += file.size
    print(f"release for {release.target} ({release.machine}, Python {release.python}), {len(release.files)} files:")
    for part, size in sizes.most_common():
        print(f"  {part:<24} {size / 1e6:8.2f} MB")
    print(f"  {'together':<24} {release.size / 1e6:8.2f} MB; the largest files:")
    for path, file in sorted(release.files.items(), key=lambda entry: -entry[1].size)[:6]:
        print(f"    {file.size / 1e6:8.2f} MB  {path}")


def print_start(name: str, release: Release, environment: dict[str, str], starts: int) -> None:
    """Time to the first line, processor time of a start and a minute of noise, and resident memory."""
    variables = [f"{key}={value}" for key, value in environment.items()]
    run = run_arguments(read_settings(release.path / SETTINGS).run)
    listen = [str(release.path / LAUNCHER), "listen", f"--bundle={release.path / BUNDLE}", "--input=-", "--json", *run]
    command = ["env", "-i", *variables, *listen]
    costs, seconds = [], []
    for audio in (b"", NOISE) * starts:
        before = processor_seconds()
        costs.append(measure_start(command, audio, starts=1))
        seconds.append(processor_seconds() - before)
    memory = [cost.resident_mb for cost in costs[1::2] if cost.resident_mb is not None]
    print(
        f"{name}: listens after {min(cost.seconds for cost in costs):.2f} s ({min(seconds[::2]):.2f} s of one core), "
        f"{min(memory, default=float('nan')):.1f} MB resident"
    )


def processor_seconds() -> float:
    """Of all child processes so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
