"""Small recordings that tests make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from edge_asr.data.split import stable_hash

RATE = 16000


def word(name: str, *, seconds: float = 0.4, rate: int = RATE) -> np.ndarray:
    """float32 (n,): two tones whose pitches the name decides, with silence at both ends; never the same for two names."""
    rng = np.random.default_rng(stable_hash(name))
    t = np.arange(round(seconds * rate)) / rate
    low, high = rng.uniform(200, 900, 2), rng.uniform(900, 3500, 2)
    half = len(t) // 2
    tone = np.where(np.arange(len(t)) < half, np.sin(2 * np.pi * low[0] * t), np.sin(2 * np.pi * low[1] * t))
    tone = 0.2 * tone + 0.1 * np.sin(2 * np.pi * np.where(np.arange(len(t)) < half, high[0], high[1]) * t)
    tone += 0.001 * rng.standard_normal(len(t))
    return np.pad(tone, (rate // 10, rate // 8)).astype(np.float32)


def noise(seconds: float, seed: int, level: float = 0.05) -> np.ndarray:
    """float32 (n,): white noise."""
    return (np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * level).astype(np.float32)


def write(path: Path, samples: np.ndarray, rate: int = RATE, **options: str) -> Path:
    """Write a WAV or FLAC file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, **options)
    return path


def speech_commands(root: Path, words: str = "yes no bed cat", speakers: int = 12, takes: int = 1) -> Path:
    """A small Speech Commands: every speaker says every word, and there are two noises. No lists."""
    for name in words.split():
        for speaker in range(speakers):
            for take in range(takes):
                clip = f"{name}/{stable_hash(f'speaker {speaker}') % 2**32:08x}_nohash_{take}"
                write(root / f"{clip}.wav", word(clip))
    write(root / "_background_noise_" / "hiss.wav", noise(12.0, 1))
    write(root / "_background_noise_" / "hum.wav", noise(11.0, 2))
    return root
