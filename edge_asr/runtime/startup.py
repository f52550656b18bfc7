"""What starting costs: a fresh process, from its launch until it listens, and the memory it then has."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import IO, cast

from edge_asr.errors import EdgeAsrError


@dataclass(frozen=True)
class StartCost:
    """The best of several starts."""

    seconds: float
    """Wall time from launch to the first line of output."""
    resident_mb: float | None
    """Peak resident memory in MB (10^6 bytes) after the audio; None where the system (no /proc) does not tell."""


def measure_start(command: Sequence[str], audio: bytes, *, starts: int = 3) -> StartCost:
    """Start `command`, which must print a line when it is ready and then read `audio` from its stdin.

    Raises `EdgeAsrError` when it ends instead.
    """
    costs = [_start_once(command, audio) for _ in range(starts)]
    memory = [cost.resident_mb for cost in costs if cost.resident_mb is not None]
    return StartCost(min(cost.seconds for cost in costs), max(memory, default=None))


def _start_once(command: Sequence[str], audio: bytes) -> StartCost:
    before = perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        stdin, stdout, stderr = (cast("IO[bytes]", pipe) for pipe in (process.stdin, process.stdout, process.stderr))
        ready = stdout.readline()
        seconds = perf_counter() - before
        try:
            stdin.write(audio if ready else b"")  # blocks until all but the last of it, what a pipe holds, was taken
            stdin.flush()
            memory = _peak_memory(process.pid)
            stdin.close()
        except BrokenPipeError:
            ready = b""
        said = stderr.read().decode(errors="replace").strip()
    if not ready:
        raise EdgeAsrError(f"{' '.join(command)} ended before it had listened: {said}")
    return StartCost(seconds, memory)


def _peak_memory(pid: int) -> float | None:
    # Not ru_maxrss, which a child inherits from the process that it was forked from.
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found.group(1)) * 1024 / 1e6 if found else None
