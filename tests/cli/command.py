"""Run `edge-asr` as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np

import edge_asr

ROOT = Path(edge_asr.__file__).parents[1]
EDGE_ASR = [sys.executable, "-m", "edge_asr.cli"]


def environment() -> dict[str, str]:
    """The environment with this package on the path, installed or not, and what depends on the machine as it usually is.

    That is buffered output, a terminal's width, and a board's cores: OpenBLAS takes memory for each that it may use.
    """
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**usual, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "OPENBLAS_NUM_THREADS": "4"}


def run(*arguments: object, **options) -> subprocess.CompletedProcess:
    """`edge-asr` with these arguments; text unless `text=False`."""
    options = {"capture_output": True, "text": True, "timeout": 240, "env": environment(), **options}
    return subprocess.run([*EDGE_ASR, *map(str, arguments)], **options)


def start(*arguments: object, **options) -> subprocess.Popen:
    """`edge-asr`, started, with pipes of bytes."""
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment(), **options}
    return subprocess.Popen([*EDGE_ASR, *map(str, arguments)], **options)


def write_wav(path: Path, samples: np.ndarray, rate: int = 16000) -> Path:
    """int16 mono `samples` as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return path
