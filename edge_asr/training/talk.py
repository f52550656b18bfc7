"""Talk to listen to: sentences of synthetic voices, and the phrases in between, at known times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.audio_file import read_excerpt
from edge_asr.data.voices.voice import SpokenWord
from edge_asr.data.wake_takes import Spoken, SpokenTake
from edge_asr.runtime.events import Detection

PAUSE_SECONDS = (0.2, 0.8)
SENTENCES = 3
"""Between two phrases."""
LATE_SECONDS = 1.0
"""A detection may come so long after the phrase's end."""


@dataclass(frozen=True)
class Talk:
    """Sound, and when phrases are said in it."""

    samples: NDArray[np.float32]
    """(n,)."""
    words: tuple[SpokenWord, ...]
    """By label."""


def make_talk(spoken: Spoken, labels: Sequence[str], seconds: float, sample_rate: int, seed: int) -> Talk:
    """About `seconds` of talk by the voices of the test split, whom nothing was learnt from; drawn with `seed`."""
    rng = np.random.default_rng(seed)
    parts: list[NDArray[np.float32]] = []
    words: list[SpokenWord] = []
    at = 0
    for one in _in_turn(spoken, rng):
        pause = np.zeros(round(rng.uniform(*PAUSE_SECONDS) * sample_rate), np.float32)
        excerpt = one.take.excerpt
        sound = read_excerpt(excerpt.path, sample_rate, excerpt.start, excerpt.end - excerpt.start)
        start = at + len(pause)
        if (start + len(sound)) / sample_rate > seconds:
            break
        if one.role == "phrase":
            first = start / sample_rate
            words.append(SpokenWord(labels[one.take.label], first + one.take.start, first + one.take.end))
        parts += [pause, sound]
        at = start + len(sound)
    return Talk(np.concatenate([*parts, np.zeros(sample_rate, np.float32)]), tuple(words))


def heard(word: SpokenWord, detections: Sequence[Detection]) -> Detection | None:
    """The first detection of `word` whose time fits."""
    fitting = (d for d in detections if d.label == word.text and word.start < d.end < word.end + LATE_SECONDS)
    return next(fitting, None)


def _in_turn(spoken: Spoken, rng: np.random.Generator) -> Iterator[SpokenTake]:
    """Some sentences, a phrase, some sentences, ... without end, as long as there are both."""
    sentences, phrases = spoken.of("test", "sentence"), spoken.of("test", "phrase")
    while sentences and phrases:
        for index in rng.choice(len(sentences), SENTENCES):
            yield sentences[index]
        yield phrases[int(rng.integers(len(phrases)))]
