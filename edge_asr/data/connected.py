"""Connected speech from words that were recorded one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_asr.data.level import decibels
from edge_asr.data.noise import Samples
from edge_asr.data.speech_spec import SpeechSpec
from edge_asr.data.timing import stretch
from edge_asr.data.wake_waveforms import fade

CLOSE = 0.25
"""Of the range of gaps: what strings said in one go use of it."""
WORD_DB = (-4.0, 3.0)
"""Level of a word relative to the others; the last word of a string is the softest on average."""
LAST_DB = -2.0
SHORTEST_SHARE = 0.35
"""Of the shorter of two words: they overlap by no more."""


def connect(words: Sequence[Samples], spec: SpeechSpec, sample_rate: int, rng: np.random.Generator) -> Samples:
    """One string of `words`, each float32 (n,) without silence around it and at one level: float32 (m,).

    Tempo, gaps and levels are drawn as `spec` says. Negative gaps let a word begin before the last one has ended, as they do
    in fluent speech.
    """
    tempo = rng.uniform(*spec.word_speed) if len(words) > 1 else 1.0
    low, high = spec.gap_ms
    if rng.random() < spec.close_share:
        high = low + CLOSE * (high - low)
    at, end = 0, 0
    placed: list[tuple[int, Samples]] = []
    for number, word in enumerate(words):
        sound = fade(stretch(word, 1.0 / tempo), sample_rate)
        level = rng.uniform(*WORD_DB) + (LAST_DB if 0 < number == len(words) - 1 else 0.0)
        if number:
            gap = round(rng.uniform(low, high) / 1000 * sample_rate)
            at = end + max(gap, -int(SHORTEST_SHARE * min(len(placed[-1][1]), len(sound))))
        placed.append((at, sound * np.float32(decibels(level))))
        end = at + len(sound)
    result = np.zeros(max(at + len(sound) for at, sound in placed), np.float32)
    for at, sound in placed:
        result[at : at + len(sound)] += sound
    return result
