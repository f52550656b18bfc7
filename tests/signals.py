"""Signals that tests make: seeded, and broad enough to move every feature."""

import numpy as np


def speech_like(seconds: float, *, seed: int, rate: int = 16000, extra: int = 0) -> np.ndarray:
    """int16 (n,): a buzz with moving formants, syllables of changing level, and a little noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate) + extra) / rate
    pitch = 120 + 30 * np.sin(2 * np.pi * 0.7 * t + rng.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    formants = [700 + 300 * np.sin(3 * t), 1500 + 600 * np.sin(2 * t + 1), 2600 + 0 * t]
    wave = np.zeros_like(t)
    for harmonic in range(1, 40):
        gain = sum(np.exp(-(((harmonic * pitch - f) / 150) ** 2)) for f in formants)
        wave += gain * np.sin(harmonic * phase)
    level = np.clip(np.sin(2 * np.pi * 2.5 * t + rng.uniform(0, 6)), 0, 1) ** 2
    wave = wave * level * 4000 + rng.standard_normal(len(t)) * 20
    return np.clip(wave, -32768, 32767).astype(np.int16)
