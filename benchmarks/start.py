"""How soon `edge-asr listen` says its first line, and how much memory it takes at most, as a user starts it.

    python benchmarks/start.py --command .venv/bin/edge-asr --bundle models/commands12 --input speech.wav

`--command` may be that of an environment with the base install alone. Standard library only; on Linux.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
from time import perf_counter


def main() -> None:
    parser = argparse.ArgumentParser(description="Start-up time and peak memory of edge-asr listen.")
    parser.add_argument("--command", default="edge-asr")
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--input", required=True, help="a WAV file")
    parser.add_argument("--runs", type=int, default=10)
    args = parser.parse_args()
    command = [args.command, "listen", "--bundle", args.bundle, "--input", args.input, "--json"]
    times = sorted(first_line(command) for _ in range(args.runs))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    median = times[len(times) // 2]
    print(f"{args.runs} starts: first line after {times[0]:.2f} to {times[-1]:.2f} s, median {median:.2f} s")
    print(f"resident memory at most {peak:.1f} MiB")


def first_line(command: list[str]) -> float:
    """Seconds from the start of the process to its first line; waits for its end."""
    start = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = perf_counter() - start
        process.stdout.read()
    if process.returncode or not line:
        raise SystemExit(f"{' '.join(command)}: expected it to run, found exit code {process.returncode}")
    return seconds


if __name__ == "__main__":
    main()
