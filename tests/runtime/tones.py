"""Sound for the tiny model (see tests/data/make_tiny_model.py): noise with tones that it hears as words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.store import Bundle
from edge_asr.runtime.engine import Engine, load_engine

RATE = 16000
PITCH = {"yes": 1000, "no": 3000}


def tones(seconds: float, words: Sequence[tuple[float, str]], *, length: float = 0.8, seed: int = 0) -> NDArray[np.int16]:
    """int16 noise of `seconds`, with a tone of `length` seconds for each (time, word)."""
    rng = np.random.default_rng(seed)
    # A minute of noise again and again: an hour of it is made in no time.
    noise = (300 * rng.standard_normal(round(min(seconds, 60) * RATE))).astype(np.int16)
    sound = np.resize(noise, round(seconds * RATE))
    time = np.arange(round(length * RATE)) / RATE
    for start, word in words:
        at = round(start * RATE)
        tone = (10000 * np.sin(2 * np.pi * PITCH[word] * time)).astype(np.int16)
        sound[at : at + len(tone)] += tone[: len(sound) - at]
    return sound


def random_chunks(sound: NDArray[np.int16], longest: int, seed: int) -> Iterator[NDArray[np.int16]]:
    """`sound` in pieces of 0 to `longest` samples."""
    rng, at = np.random.default_rng(seed), 0
    while at < len(sound):
        size = int(rng.integers(0, longest + 1))
        yield sound[at : at + size]
        at += size


def engine_of(bundle: Bundle) -> Engine:
    return load_engine(bundle.path)
