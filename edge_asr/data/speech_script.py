"""What synthetic voices say for a recogniser: strings of digits, sentences from templates, and other sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from edge_asr.data.clips import SPLITS, Split
from edge_asr.data.sentences import other_sentences
from edge_asr.data.speech_spec import SpeechSpec
from edge_asr.data.split import stable_hash

GROUPED = 0.5
"""Share of the digit strings that are said in groups, as telephone numbers are."""
GROUP_WORDS = (2, 4)
MOST_OTHERS = 4000
"""Different other sentences; further takes say them again, by other voices."""

Script: TypeAlias = dict[Split, tuple[str, ...]]
"""Texts as voices are to say them, with commas where they pause."""


def write_script(spec: SpeechSpec, templates: Path | None, seed: int) -> tuple[Script, Script]:
    """What is said in each split, and the other sentences of each, as many as there are takes.

    `templates`: the file that `spec.templates` names. Raises `ConfigError` for bad templates, `DataError` and `SynthesisError`
    as `other_sentences` does.
    """
    said: Script = {}
    others: Script = {}
    for split in SPLITS:
        draws = (np.random.default_rng([seed, stable_hash(f"{kind}/{split}")]) for kind in ("speech", "others"))
        said[split] = _say(spec, templates, held_count(spec, spec.takes, split), next(draws))
        others[split] = _others(spec, held_count(spec, spec.other_takes, split), next(draws))
    return said, others


def held_count(spec: SpeechSpec, count: int, split: Split) -> int:
    """How many `split` gets, where training gets `count`."""
    return count if split == "train" else round(count * spec.held_percent / 100)


def digit_strings(words: Sequence[str], lengths: tuple[int, int], count: int, rng: np.random.Generator) -> tuple[str, ...]:
    """`count` strings of `words`, half of them in groups with a comma behind each but the last."""
    return tuple(_digit_string(words, lengths, rng) for _ in range(count))


def _digit_string(words: Sequence[str], lengths: tuple[int, int], rng: np.random.Generator) -> str:
    drawn = [words[i] for i in rng.integers(len(words), size=int(rng.integers(lengths[0], lengths[1] + 1)))]
    if rng.random() >= GROUPED:
        return " ".join(drawn)
    groups: list[str] = []
    while drawn:
        size = int(rng.integers(GROUP_WORDS[0], GROUP_WORDS[1] + 1))
        groups.append(" ".join(drawn[:size]))
        drawn = drawn[size:]
    return ", ".join(groups)


def _say(spec: SpeechSpec, templates: Path | None, count: int, rng: np.random.Generator) -> tuple[str, ...]:
    if spec.script == "digits":
        return digit_strings(spec.words, spec.string_words, count, rng)
    if spec.script == "templates" and templates is not None:
        from edge_asr.data.templates import read_templates, sample_sentences

        return tuple(sentence.text for sentence in sample_sentences(read_templates(templates), count, rng))
    return ()


def _others(spec: SpeechSpec, count: int, rng: np.random.Generator) -> tuple[str, ...]:
    if not count:
        return ()
    texts = other_sentences(spec.language, min(count, MOST_OTHERS), rng, avoid=spec.unheard)
    return tuple(texts[i % len(texts)] for i in range(count))
