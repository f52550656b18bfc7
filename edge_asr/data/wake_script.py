"""What synthetic voices say for a wake word: the phrase, what sounds like it, parts of it, and other sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from edge_asr.data.near_misses import near_misses
from edge_asr.data.phrase_parts import phrase_parts
from edge_asr.data.sentences import other_sentences
from edge_asr.data.split import stable_hash
from edge_asr.data.wake_spec import WakeSpec
from edge_asr.data.wake_windows import UNKNOWN_LABEL
from edge_asr.progress import Progress, no_progress

Role: TypeAlias = Literal["phrase", "near_miss", "part", "sentence"]
MOST_SENTENCES = 2000
"""Different ones; further takes say them again, by other voices."""


@dataclass(frozen=True)
class Script:
    """Texts with one role."""

    role: Role
    label: int
    texts: tuple[str, ...]
    takes: int
    """Over all texts, to train on."""


def write_scripts(spec: WakeSpec, seed: int, *, progress: Progress = no_progress) -> tuple[Script, ...]:
    """All that is said for `spec`; what would be heard as another of its phrases is left out.

    Takes some seconds a phrase. Raises `DataError` when there is no word list of the language, `SynthesisError` without
    eSpeak, which knows how words sound.
    """
    scripts: list[Script] = []
    same = {phrase.lower() for phrase in spec.phrases}
    for label, phrase in enumerate(spec.phrases, start=1):
        progress("texts", label - 1, len(spec.phrases) + 1)
        scripts.append(Script("phrase", label, (phrase,), spec.positives))
        like = (
            near_misses(phrase, spec.language, spec.near_misses, least=spec.near_miss_distance)
            if spec.near_miss_takes and spec.near_misses
            else ()
        )
        parts = phrase_parts(phrase, spec.language, least=spec.near_miss_distance) if spec.part_takes else ()
        roles: tuple[tuple[Role, tuple[str, ...], int], ...]
        roles = (("near_miss", like, spec.near_miss_takes), ("part", parts, spec.part_takes))
        for role, texts, takes in roles:
            kept = tuple(text for text in texts if text.lower() not in same)
            if kept:
                scripts.append(Script(role, UNKNOWN_LABEL, kept, takes))
    if spec.sentence_takes:
        rng = np.random.default_rng([seed, stable_hash("sentences")])
        count = min(spec.sentence_takes, MOST_SENTENCES)
        sentences = other_sentences(spec.language, count, rng, avoid=spec.phrases)
        scripts.append(Script("sentence", UNKNOWN_LABEL, sentences, spec.sentence_takes))
    progress("texts", len(spec.phrases) + 1, len(spec.phrases) + 1)
    return tuple(scripts)
