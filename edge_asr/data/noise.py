"""Background noise: which part of it which split may hear, and cuts of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.audio_file import read_audio
from edge_asr.data.clips import LeftOut, Split
from edge_asr.data.level import decibels, limit, rms
from edge_asr.data.split import stable_hash
from edge_asr.errors import AudioError

Samples: TypeAlias = NDArray[np.float32]

HELD_BACK = 0.1
"""Share of the noise that only validation hears, and likewise test."""
SILENCE_GAIN_DB = (-30.0, 6.0)
DIGITAL_SILENCE = 0.1
"""Share of the `_silence_` clips that are zeros."""
SYNTHETIC_SECONDS = 10
SYNTHETIC_RMS = 0.03


@dataclass(frozen=True)
class NoisePools:
    """The noise of each split, as float32 signals."""

    train: tuple[Samples, ...]
    validation: tuple[Samples, ...]
    test: tuple[Samples, ...]
    left_out: tuple[LeftOut, ...] = ()

    def of(self, split: Split) -> tuple[Samples, ...]:
        """The signals that `split` may hear."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[split]


def load_noises(paths: Sequence[Path], sample_rate: int, window: int) -> NoisePools:
    """Read the noises and deal them out, so that test and validation hear none that training heard.

    Each file's last tenth is test's and the tenth before it validation's. A file whose tenth is shorter than `window` samples
    goes as a whole to one split, by the hash of its name. A split that gets none has white, pink and brown noise instead.
    """
    pools: dict[Split, list[Samples]] = {"train": [], "validation": [], "test": []}
    left_out: list[LeftOut] = []
    for path in paths:
        try:
            samples = read_audio(path, sample_rate)
        except AudioError as err:
            left_out.append(LeftOut(path, str(err).removeprefix(f"{path}: ")))
            continue
        held = int(len(samples) * HELD_BACK)
        if held >= window:
            for split, part in zip(pools, np.split(samples, (len(samples) - 2 * held, len(samples) - held)), strict=True):
                pools[split].append(part)
        else:
            place = stable_hash(path.name) / 2**64
            pools["test" if place < HELD_BACK else "validation" if place < 2 * HELD_BACK else "train"].append(samples)
    for split, pool in pools.items():
        if not pool:
            pool += synthetic_noise(sample_rate, split)
    return NoisePools(tuple(pools["train"]), tuple(pools["validation"]), tuple(pools["test"]), tuple(left_out))


def cut_noise(noises: Sequence[Samples], length: int, rng: np.random.Generator) -> Samples:
    """`length` samples from a random place of a random one of `noises` (at least one), repeated where it is shorter."""
    noise = noises[int(rng.integers(len(noises)))]
    if len(noise) < length:
        noise = np.tile(noise, -(-length // len(noise)))
    start = int(rng.integers(len(noise) - length + 1))
    return noise[start : start + length]


def cut_silence(noises: Sequence[Samples], length: int, rng: np.random.Generator) -> Samples:
    """One `_silence_` clip: a cut of noise from 30 dB below its recorded level to 6 dB above; every tenth is zeros."""
    if rng.random() < DIGITAL_SILENCE:
        return np.zeros(length, np.float32)
    gain = decibels(rng.uniform(*SILENCE_GAIN_DB))
    return limit(cut_noise(noises, length, rng) * np.float32(gain))


def synthetic_noise(sample_rate: int, split: Split) -> tuple[Samples, ...]:
    """White, pink and brown noise, ten seconds of each, of another seed in each split."""
    return tuple(_coloured(slope, sample_rate, np.random.default_rng(stable_hash(split))) for slope in (0.0, 0.5, 1.0))


def _coloured(slope: float, sample_rate: int, rng: np.random.Generator) -> Samples:
    """Noise whose amplitude falls with frequency to the power of `slope`: 0 white, 0.5 pink, 1 brown."""
    count = SYNTHETIC_SECONDS * sample_rate
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** slope
    spectrum[0] = 0.0
    samples = np.fft.irfft(spectrum, count).astype(np.float32)
    return np.asarray(samples * np.float32(SYNTHETIC_RMS / rms(samples)), np.float32)
