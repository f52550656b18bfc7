"""Sentences of a script, spoken: utterances by synthetic voices, none of whose speakers is heard in two splits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edge_asr.data.clips import SPLITS, Split
from edge_asr.data.speech_script import Script
from edge_asr.data.split import stable_hash
from edge_asr.data.utterance import Utterance
from edge_asr.data.voices.jobs import PhraseJob, draw_jobs
from edge_asr.data.voices.phrases import speak_phrases
from edge_asr.data.voices.usage import SpeechSummary, summarise_speech
from edge_asr.data.voices.voice import Voice
from edge_asr.progress import Progress, no_progress


def speak_script(
    name: str,
    script: Script,
    voices: Mapping[Split, tuple[Voice, ...]],
    folder: Path,
    *,
    seed: int,
    workers: int = 1,
    progress: Progress = no_progress,
) -> tuple[tuple[Utterance, ...], SpeechSummary]:
    """Let the voices of each split say its texts, each once, into files below `folder` that are kept for the next time.

    `name` is the beginning of the utterances' ids, and has a part in every draw. A sentence that its engine can't say is left
    out. Raises `SynthesisError` when there is no voice to train on or many sentences fail, `DataError` when a file can't be
    written.
    """
    jobs: dict[Split, tuple[PhraseJob, ...]] = {}
    for split in SPLITS:
        rng = np.random.default_rng([seed, stable_hash(f"{name}/{split}")])
        speaks = bool(script[split]) and (bool(voices[split]) or split == "train")
        jobs[split] = draw_jobs(script[split], voices[split], len(script[split]), rng) if speaks else ()
    every = [job for split in SPLITS for job in jobs[split]]
    said = speak_phrases(every, folder, workers=workers, progress=progress)
    by_digest = {phrase.path.stem: phrase for phrase in said}
    utterances = tuple(
        Utterance(
            id=f"{name}/{split}/{number:06d}",
            path=by_digest[job.digest].path,
            text=plain(job.text),
            speaker=f"{job.voice.engine}/{job.voice.speaker}",
            split=split,
            licence=job.voice.licence,
            start=by_digest[job.digest].start,
            end=by_digest[job.digest].end,
        )
        for split in SPLITS
        for number, job in enumerate(jobs[split])
        if job.digest in by_digest
    )
    return utterances, summarise_speech(every, said, seed)


def plain(text: str) -> str:
    """What is written of a text that voices say: without the commas that make them pause."""
    return text.replace(",", "").lower()
