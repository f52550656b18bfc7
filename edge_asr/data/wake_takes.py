"""Scripts, spoken: every take by one synthetic voice, none of whose speakers is heard in two splits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_asr.data.clips import SPLITS, Split
from edge_asr.data.excerpt import Excerpt
from edge_asr.data.recordings import CONTEXT_SECONDS, Recording
from edge_asr.data.split import stable_hash
from edge_asr.data.voices.jobs import PhraseJob, draw_jobs
from edge_asr.data.voices.phrases import SpokenPhrase, speak_phrases
from edge_asr.data.voices.usage import SpeechSummary, summarise_speech
from edge_asr.data.voices.voice import Voice
from edge_asr.data.wake_script import Role, Script
from edge_asr.data.wake_spec import WakeSpec
from edge_asr.data.wake_windows import MARGIN, Take
from edge_asr.progress import Progress, no_progress


@dataclass(frozen=True)
class SpokenTake:
    """A take, and what it is for."""

    role: Role
    take: Take
    phrase: SpokenPhrase


@dataclass(frozen=True)
class Spoken:
    """All takes."""

    takes: tuple[SpokenTake, ...]
    summary: SpeechSummary

    def of(self, split: Split, *roles: Role) -> tuple[SpokenTake, ...]:
        """Those of one split with one of `roles`, or of any."""
        return tuple(one for one in self.takes if one.take.split == split and (not roles or one.role in roles))


def speak_scripts(
    scripts: Sequence[Script],
    voices: Mapping[Split, tuple[Voice, ...]],
    spec: WakeSpec,
    folder: Path,
    *,
    seed: int,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Spoken:
    """Let the voices of each split say every script, into files below `folder` that are kept for the next time.

    Training gets each script's takes, the other splits their percentage of it. A take that its engine can't say is left
    out. Raises `SynthesisError` when there is no voice or many takes fail, `DataError` when a file can't be written.
    """
    planned: list[tuple[str, Split, Script, PhraseJob]] = []
    for number, script in enumerate(scripts):
        for split in SPLITS:
            count = takes_in(split, script.takes, spec) if voices[split] else 0
            rng = np.random.default_rng([seed, stable_hash(f"{number}/{split}")])
            jobs = draw_jobs(script.texts, voices[split], count, rng) if count else ()
            planned += [(f"{script.role}/{number}/{split}/{i:06d}", split, script, job) for i, job in enumerate(jobs)]
    all_jobs = [job for *_, job in planned]
    said = speak_phrases(all_jobs, folder, workers=workers, progress=progress)
    by_digest = {phrase.path.stem: phrase for phrase in said}
    takes = tuple(
        SpokenTake(script.role, _take(name, by_digest[job.digest], split, script.label), by_digest[job.digest])
        for name, split, script, job in planned
        if job.digest in by_digest
    )
    return Spoken(takes, summarise_speech(all_jobs, said, seed))


def takes_in(split: Split, takes: int, spec: WakeSpec) -> int:
    """How many takes `split` gets of a script with `takes` to train on."""
    percent = {"train": 100.0, "validation": spec.validation_percent, "test": spec.test_percent}[split]
    return math.ceil(takes * percent / 100)


def recorded_take(recording: Recording, name: str, label: int) -> Take:
    """The user's own take, in the room that it was recorded in."""
    start = max(recording.context.start, recording.start - CONTEXT_SECONDS)
    end = min(recording.context.end, recording.end + CONTEXT_SECONDS)
    excerpt = Excerpt(recording.path, start, end)
    return Take(name, excerpt, recording.start - start, recording.end - start, recording.split, label)


def _take(name: str, phrase: SpokenPhrase, split: Split, label: int) -> Take:
    start = max(0.0, phrase.start - MARGIN)
    excerpt = Excerpt(phrase.path, start, phrase.end + MARGIN)
    return Take(name, excerpt, phrase.start - start, phrase.end - start, split, label)
