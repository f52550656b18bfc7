"""Who says what, and how: phrases drawn widely over voices and deliveries."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

import numpy as np

from edge_asr.data.voices import ENGINES
from edge_asr.data.voices.voice import Delivery, Voice
from edge_asr.errors import SynthesisError

RATE = (0.75, 1.35)
"""Tempo; evenly in its logarithm."""
PITCH_RANGE = (0.3, 1.7)
PAUSE = (0.02, 0.25)
"""Seconds between the words of a phrase."""
PAUSED = STRESSED = 0.3
"""Share of the phrases of several words that have pauses, and of those with one word emphasised."""
LONGEST_PHRASE = 4
"""Words; longer texts are sentences, which are not paused word by word."""
ENDINGS = {"": 0.4, ".": 0.2, "!": 0.15, "?": 0.1, ",": 0.15}
"""Share of the phrases with each ending."""
TAKES = 1 << 16
VERSION = 1
"""Part of every digest. Raise it whenever the same job gives other speech."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class PhraseJob:
    """One thing to say."""

    text: str
    voice: Voice
    delivery: Delivery

    @property
    def digest(self) -> str:
        """24 hexadecimal digits that stand for all that decides how it sounds, and not for where files are."""
        parts = [VERSION, self.text, self.voice.engine, self.voice.name, asdict(self.delivery)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


def draw_jobs(texts: Sequence[str], voices: Sequence[Voice], count: int, rng: np.random.Generator) -> tuple[PhraseJob, ...]:
    """`count` jobs: each text equally often, voices by `engine_shares` and within an engine each speaker equally often.

    Speakers with several accents speak each equally often. Tempo, pitch, melody, pauses, emphasis and ending are drawn for
    each job. Raises `SynthesisError` when there is no text or no voice.
    """
    if not texts or not voices:
        raise SynthesisError(f"expected texts and voices, found {len(texts)} texts and {len(voices)} voices")
    pairs = zip(_evenly(texts, count, rng), _draw_voices(voices, count, rng))
    return tuple(PhraseJob(text, voice, _draw_delivery(text, voice, rng)) for text, voice in pairs)


def engine_shares(voices: Sequence[Voice]) -> dict[str, float]:
    """The part of the jobs that each engine gets: its quality times the square root of its number of speakers.

    So a hundred variants of one formant synthesiser do not drown the one neural voice there is, and that one voice does not
    become what the phrase sounds like either.
    """
    speakers = Counter(engine for engine, _ in {(voice.engine, voice.speaker) for voice in voices})
    weights = {name: ENGINES[name].quality * math.sqrt(speakers[name]) for name in ENGINES if name in speakers}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def _draw_voices(voices: Sequence[Voice], count: int, rng: np.random.Generator) -> list[Voice]:
    shares = engine_shares(voices)
    names = list(shares)
    drawn = [names[i] for i in rng.choice(len(names), size=count, p=list(shares.values()))]
    accents: dict[str, dict[str, list[Voice]]] = {name: {} for name in names}
    for voice in voices:
        accents[voice.engine].setdefault(voice.speaker, []).append(voice)
    speakers = {name: iter(_evenly(list(accents[name].values()), drawn.count(name), rng)) for name in names}
    return [_one(next(speakers[name]), rng) for name in drawn]


def _draw_delivery(text: str, voice: Voice, rng: np.random.Generator) -> Delivery:
    words = len(text.split())
    span = ENGINES[voice.engine].pitch_span
    rate, pitch = np.exp(rng.uniform(*np.log(RATE))), rng.uniform(-span, span)
    pitch_range, pause = rng.uniform(*PITCH_RANGE), rng.uniform(*PAUSE)
    paused, stressed = rng.random(2) < (PAUSED, STRESSED)
    ending = list(ENDINGS)[rng.choice(len(ENDINGS), p=list(ENDINGS.values()))]
    return Delivery(
        rate=float(round(rate, 3)),
        pitch=round(pitch, 2),
        pitch_range=round(pitch_range, 2),
        pause=round(pause, 2) if paused and 1 < words <= LONGEST_PHRASE else 0.0,
        stressed=int(rng.integers(words)) if stressed and words > 1 else -1,
        ending=ending if text[-1:].isalnum() else "",
        take=int(rng.integers(TAKES)),
    )


def _evenly(items: Sequence[Item], count: int, rng: np.random.Generator) -> list[Item]:
    """`count` of `items`, each as often as any other give or take one, in an order that is drawn."""
    rounds = [rng.permutation(len(items)) for _ in range(-(-count // len(items)))]
    return [items[i] for order in rounds for i in order][:count]


def _one(items: Sequence[Item], rng: np.random.Generator) -> Item:
    return items[int(rng.integers(len(items)))]
