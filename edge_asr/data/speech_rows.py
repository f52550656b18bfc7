"""What a recogniser learns from, row by row: recordings, strings of recorded words, spoken sentences, and nothing to write."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge_asr.data.clips import Split
from edge_asr.data.excerpt import Excerpt
from edge_asr.data.negative_clips import Kind
from edge_asr.data.negative_windows import Window, draw_windows
from edge_asr.data.negatives import Negatives
from edge_asr.data.speech_script import held_count
from edge_asr.data.speech_spec import SpeechSpec
from edge_asr.data.split import stable_hash
from edge_asr.data.utterance import Utterance

EMPTY_SECONDS = (1.0, 4.0)
NOISE_SHARE = 0.25
"""Stretches of noise among the empty ones, where there is other speech too."""


@dataclass(frozen=True)
class SpeechRow:
    """Something to hear, and what is to be written."""

    id: str
    text: str
    split: Split
    said: tuple[Excerpt, ...] = ()
    """One recording, or the words of a string in order. An end of 0 is the end of the file."""
    connected: bool = False
    """Whether `said` are single words, to be put together."""
    heard: Window | None = None
    """Instead: sound in which nothing is to be written."""
    variants: range = range(1)
    """0 is as it was recorded, the others are augmented."""


def recording_rows(utterances: Sequence[Utterance], copies: int) -> Iterator[SpeechRow]:
    """Each utterance; training's with `copies` augmented copies."""
    for one in utterances:
        variants = range(1 + copies) if one.split == "train" else range(1)
        yield SpeechRow(one.id, one.text, one.split, (_excerpt(one),), variants=variants)


def string_rows(spec: SpeechSpec, utterances: Sequence[Utterance], split: Split, seed: int) -> Iterator[SpeechRow]:
    """Drawn strings of the one-word `utterances` of a split: each word equally often, each augmented once.

    Of a word's recordings those are drawn less often whose speaker has many: with the root of their number, so that a few
    people who said everything do not drown a thousand who said one thing each.
    """
    words = _by_word([one for one in utterances if one.split == split and len(one.text.split()) == 1])
    if not words:
        return
    rng = np.random.default_rng([seed, stable_hash(f"strings/{split}")])
    for number in range(held_count(spec, spec.strings, split)):
        length = int(rng.integers(spec.string_words[0], spec.string_words[1] + 1))
        drawn = []
        for index in rng.integers(len(words), size=length):
            recordings, weights = words[index]
            drawn.append(recordings[rng.choice(len(recordings), p=weights)])
        text = " ".join(one.text for one in drawn)
        said = tuple(map(_excerpt, drawn))
        yield SpeechRow(f"string/{split}/{number:06d}", text, split, said, connected=True, variants=range(1, 2))


def empty_rows(spec: SpeechSpec, negatives: Negatives, split: Split, seed: int) -> Iterator[SpeechRow]:
    """Drawn stretches of other speech and of noise, each augmented once."""
    kinds: list[Kind] = [kind for kind in ("speech", "noise") if negatives.of(split, kind)]
    count = held_count(spec, spec.empty, split)
    for kind in kinds:
        share = 1.0 if len(kinds) == 1 else NOISE_SHARE if kind == "noise" else 1 - NOISE_SHARE
        rng = np.random.default_rng([seed, stable_hash(f"empty/{split}/{kind}")])
        for number in range(round(count * share)):
            (window,) = draw_windows(negatives, 1, round(rng.uniform(*EMPTY_SECONDS), 2), rng, split, kind=kind)
            yield SpeechRow(f"empty/{kind}/{split}/{number:06d}", "", split, heard=window, variants=range(1, 2))


def _excerpt(one: Utterance) -> Excerpt:
    return Excerpt(one.path, one.start, one.end)


def _by_word(utterances: Sequence[Utterance]) -> list[tuple[list[Utterance], np.ndarray]]:
    groups: dict[str, list[Utterance]] = defaultdict(list)
    for one in utterances:
        groups[one.text].append(one)
    result = []
    for word in sorted(groups):
        of_speaker = Counter(one.speaker for one in groups[word])
        weights = np.array([of_speaker[one.speaker] ** -0.5 for one in groups[word]])
        result.append((groups[word], weights / weights.sum()))
    return result
