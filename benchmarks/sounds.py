"""Sound for benchmarks, at the rate that all wake-word engines listen at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.audio_file import read_audio

RATE = 16000


def from_files(paths: list[Path]) -> NDArray[np.int16]:
    """WAV and FLAC files, one after another."""
    return np.concatenate([as_int16(read_audio(path, RATE)) for path in paths])


def as_int16(sound: NDArray[np.float32]) -> NDArray[np.int16]:
    """Samples in [-1, 1) as integers."""
    return np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)


def generated(seconds: int, seed: int = 0) -> NDArray[np.int16]:
    """Noise, then a buzz in syllables: sound for those who have no recording at hand."""
    rng, half = np.random.default_rng(seed), seconds * RATE // 2
    time = np.arange(half) / RATE
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * time)) / RATE
    buzz = sum(np.sin(n * phase) / n for n in range(1, 30)) * np.clip(np.sin(2 * np.pi * 2.5 * time), 0, 1)
    return np.concatenate((rng.normal(0, 2000, half), 4000 * buzz + rng.normal(0, 20, half))).astype(np.int16)
