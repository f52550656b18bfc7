"""Sounds of a room in which somebody says a phrase."""

from __future__ import annotations

import numpy as np

RATE = 16000


def phrase(seconds: float = 0.8, rate: int = RATE, level: float = 0.2) -> np.ndarray:
    """float32 (n,): two voiced syllables, a closure of 80 ms between them, and a hiss at the end, `level` RMS."""
    t = np.arange(round(seconds * rate)) / rate
    voice = sum(np.sin(2 * np.pi * 140 * k * t) / (1 + ((140 * k - 700) / 500) ** 2) for k in range(1, 25))
    hiss = np.diff(np.random.default_rng(7).standard_normal(len(t) + 1)) * 0.8
    sound = np.where(t < 0.8 * seconds, voice, hiss)
    sound += 0.03 * hiss  # breath, as there is in every voice
    sound[(t > 0.4 * seconds) & (t < 0.4 * seconds + 0.08)] = 0
    return (sound * level / np.sqrt(np.mean(np.square(sound)))).astype(np.float32)


def room(seconds: float, level: float = 0.001, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """float32 (n,): noise of `level` RMS, louder towards the bass."""
    white = np.random.default_rng(seed).standard_normal(round(seconds * rate) + 400)
    brown = np.convolve(white, np.exp(-np.arange(400) / 20), "same")[200:-200] + 0.5 * white[200:-200]
    return (brown * level / np.sqrt(np.mean(np.square(brown)))).astype(np.float32)


def spoken_in(noise: np.ndarray, *said: tuple[float, np.ndarray], rate: int = RATE) -> np.ndarray:
    """`noise` with sounds added, each at its second."""
    result = noise.copy()
    for second, sound in said:
        begin = round(second * rate)
        result[begin : begin + len(sound)] += sound
    return result
