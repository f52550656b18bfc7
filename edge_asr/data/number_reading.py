"""Long numbers read aloud: at a table or into a telephone, in rooms, with breath and paper between the digits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge_asr.data.augment import draw, vary_sound
from edge_asr.data.level import decibels
from edge_asr.data.line_codec import LINE_CODECS, through_line
from edge_asr.data.noise import Samples
from edge_asr.data.number_readers import Reader
from edge_asr.data.reading_noises import breath, lips, paper
from edge_asr.data.sound_pool import NOMINAL_RMS
from edge_asr.data.spec import AugmentSpec
from edge_asr.data.voices.phrases import SAMPLE_RATE
from edge_asr.errors import AudioError, SynthesisError

GROUPINGS: dict[str, float] = {"telephone": 0.4, "pairs": 0.2, "singly": 0.25, "at once": 0.15}
"""How people part a long number, and how often."""
PAUSE_SECONDS, EDGE_SECONDS = (0.15, 1.0), (0.2, 1.2)
"""Between groups; before and behind the number."""
NOISES = ((breath, 0.35, (-32.0, -12.0)), (paper, 0.2, (-30.0, -8.0)), (lips, 0.25, (-28.0, -10.0)))
"""What may be heard in a pause, how often, and its level relative to the voice in dB."""
PLACE = AugmentSpec(
    gain_db=(-20.0, 3.0),
    filter_probability=0.6,
    filter_db=8.0,
    reverb_probability=0.5,
    reverb_seconds=(0.1, 0.6),
    noise_probability=0.6,
    snr_db=(12.0, 40.0),
)
"""Microphone, room, level and noise."""
TELEPHONE, LOST = 0.35, (0.0, 0.03)
"""Share of the numbers that come by telephone, and share of its packets that are lost."""


@dataclass(frozen=True)
class NumberRead:
    """A number, read."""

    samples: Samples
    """(n,) at `SAMPLE_RATE`, peak at most 1."""
    text: str
    speaker: str
    licence: str
    about: str
    """How, and how it is heard."""


def read_numbers(
    readers: Sequence[Reader], count: int, digits: tuple[int, int], noises: Sequence[Samples], rng: np.random.Generator
) -> Iterator[NumberRead]:
    """`count` numbers of so many digits (from, to), each reader as often as any other, one hard to understand as the next.

    `noises`: float32 signals at `SAMPLE_RATE`, of the places. A number that can't be read is left out.
    """
    for number in range(count):
        reader, own = readers[number % len(readers)], np.random.default_rng(rng.integers(1 << 62))
        words = reader.draw(int(own.integers(digits[0], digits[1] + 1)), own)
        grouping = str(own.choice(list(GROUPINGS), p=list(GROUPINGS.values())))
        try:
            said = reader.read(group(words, grouping), own)
        except (AudioError, SynthesisError):
            continue
        sound = _with_pauses(said, own)
        sound = vary_sound(sound, draw(PLACE, noises, SAMPLE_RATE, len(sound), own), SAMPLE_RATE)
        line = str(own.choice(list(LINE_CODECS))) if own.random() < TELEPHONE else ""
        if line:
            sound = through_line(sound, SAMPLE_RATE, LINE_CODECS[line], own.uniform(*LOST), own)
        yield NumberRead(sound, " ".join(words), reader.speaker, reader.licence, f"{grouping}, {line or 'near'}")


def string_numbers(
    readers: Sequence[Reader], count: int, digits: tuple[int, int], rng: np.random.Generator
) -> Iterator[NumberRead]:
    """`count` numbers said in one go, as they were recorded or spoken, with some silence around them."""
    for number in range(count):
        reader = readers[number % len(readers)]
        words = reader.draw(int(rng.integers(digits[0], digits[1] + 1)), rng)
        try:
            (said,) = reader.read([words], rng)
        except (AudioError, SynthesisError):
            continue
        sound = np.pad(said, [round(rng.uniform(*EDGE_SECONDS) * SAMPLE_RATE) for _ in range(2)])
        yield NumberRead(sound / max(1.0, np.abs(sound).max()), " ".join(words), reader.speaker, reader.licence, "at once, clean")


def group(words: Sequence[str], grouping: str) -> list[list[str]]:
    """The digits as they are parted: the telephone's way is three, three and the rest by fours."""
    sizes = {"telephone": [3, 3], "pairs": [], "singly": [], "at once": [len(words)]}[grouping]
    rest = {"telephone": 4, "pairs": 2, "singly": 1, "at once": 1}[grouping]
    groups: list[list[str]] = []
    at = 0
    while at < len(words):
        size = sizes[len(groups)] if len(groups) < len(sizes) else rest
        groups.append(list(words[at : at + size]))
        at += size
    return groups


def _with_pauses(groups: Sequence[Samples], rng: np.random.Generator) -> Samples:
    parts = [_pause(EDGE_SECONDS, rng)]
    for said in groups:
        parts += [said, _pause(PAUSE_SECONDS, rng)]
    return np.concatenate([*parts, _pause(EDGE_SECONDS, rng)])


def _pause(seconds: tuple[float, float], rng: np.random.Generator) -> Samples:
    """Silence, or what is heard in it, which may make it longer."""
    pause = np.zeros(round(rng.uniform(*seconds) * SAMPLE_RATE), np.float32)
    for make, often, level_db in NOISES:
        if rng.random() < often:
            noise = make(SAMPLE_RATE, rng) * np.float32(NOMINAL_RMS * decibels(rng.uniform(*level_db)))
            pause = np.pad(pause, (0, max(0, len(noise) - len(pause))))
            at = int(rng.integers(len(pause) - len(noise) + 1))
            pause[at : at + len(noise)] += noise
    return pause
