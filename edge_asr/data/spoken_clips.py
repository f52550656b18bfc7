"""Clips by synthetic voices beside a data set's recordings: more speakers for words that few people have recorded.

Speech synthesis as training data for keywords: Lin et al., arXiv 2002.01322.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edge_asr.bundle.manifest import SILENCE, UNKNOWN
from edge_asr.data.clips import Clip, DataSet
from edge_asr.data.near_misses import near_misses
from edge_asr.data.phoneme_distance import distances, make_lexicon
from edge_asr.data.phonemes import text_phonemes
from edge_asr.data.split import stable_hash
from edge_asr.data.voice_splits import voices_of
from edge_asr.data.voices.jobs import PhraseJob, draw_jobs
from edge_asr.data.voices.phrases import speak_phrases
from edge_asr.data.voices.usage import SpeechSummary, summarise_speech
from edge_asr.data.voices_spec import VoicesSpec
from edge_asr.data.word_list import frequent_words
from edge_asr.progress import Progress, no_progress

_FOLDER = "_voices_/"
"""No word is called so, and no folder of recordings."""
FREQUENT = 300
"""Words of the language that stand for all others, where the data set names none."""


class WithVoices(NamedTuple):
    """A data set, and what voices added to it."""

    dataset: DataSet
    spoken: SpeechSummary


def with_voices(
    dataset: DataSet,
    spec: VoicesSpec,
    labels: Sequence[str],
    folder: Path,
    *,
    seed: int,
    piper_voices: Path | None = None,
    workers: int = 1,
    progress: Progress = no_progress,
) -> WithVoices:
    """`dataset` and takes of `labels`, and of other words where `_unknown_` is one of them, in its training split.

    The takes are files below `folder` that are kept for the next time; one that its engine can't say is left out. Raises
    `SynthesisError` when there is no voice of the language or many takes fail, `DataError` when a file can't be written or
    near-misses are wanted of a language that has no word list.
    """
    voices = voices_of(spec.language, spec.engines, "voices.engines", piper_voices)
    planned: list[tuple[str, PhraseJob]] = []
    for name, words, takes in _scripts(dataset, spec, labels, progress):
        if words and takes:
            rng = np.random.default_rng([seed, stable_hash(f"voices/{name}")])
            said_as = {_text(word): word for word in words}
            planned += [(said_as[job.text], job) for job in draw_jobs(tuple(said_as), voices, takes, rng)]
    jobs = [job for _, job in planned]
    phrases = speak_phrases(jobs, folder, workers=workers, progress=progress)
    paths = {phrase.path.stem: phrase.path for phrase in phrases}
    clips = tuple(
        Clip(paths[job.digest], word, f"{job.voice.engine}/{job.voice.speaker}", "train", f"{_FOLDER}{number:06d}/{job.digest}")
        for number, (word, job) in enumerate(planned)
        if job.digest in paths
    )
    summary = summarise_speech(jobs, phrases, seed)
    added = replace(
        dataset,
        name=f"{dataset.name}, and {summary.spoken} takes by {len(summary.voices)} synthetic voices",
        clips=dataset.clips + clips,
        licence=f"{dataset.licence}; voices: {'; '.join(summary.licences)}",
    )
    return WithVoices(added, summary)


def is_spoken(clip_id: str) -> bool:
    """Whether a clip is by a synthetic voice, so that what it says is certain."""
    return clip_id.startswith(_FOLDER)


def _scripts(
    dataset: DataSet, spec: VoicesSpec, labels: Sequence[str], progress: Progress
) -> list[tuple[str, tuple[str, ...], int]]:
    """What is said: a name, words, and how many takes."""
    own = tuple(label for label in labels if label not in (SILENCE, UNKNOWN))
    scripts = [("labels", own, spec.takes * len(own))]
    if UNKNOWN in labels:
        words = {clip.word for clip in dataset.clips} - set(labels) - {SILENCE, UNKNOWN}
        others = sorted(words) if words or not spec.other_takes else _far(_frequent(spec), own, spec)
        scripts.append(("others", tuple(others), spec.other_takes))
        near = _near(spec, own, progress) if spec.near_miss_takes and spec.near_misses else []
        scripts.append(("near", tuple(_far(near, own, spec)), spec.near_miss_takes))
    return scripts


def _frequent(spec: VoicesSpec) -> list[str]:
    return [word.text for word in frequent_words(spec.language, FREQUENT)]


def _near(spec: VoicesSpec, own: Sequence[str], progress: Progress) -> list[str]:
    """What sounds like one of the labels."""
    near: list[str] = []
    for number, label in enumerate(own):
        progress("texts", number, len(own))
        near += near_misses(_text(label), spec.language, spec.near_misses, least=spec.near_miss_distance)
    progress("texts", len(own), len(own))
    return near


def _far(texts: Sequence[str], own: Sequence[str], spec: VoicesSpec) -> list[str]:
    """Those of `texts`, each once, that sound unlike every label."""
    texts = list(dict.fromkeys(texts))
    said = make_lexicon(text_phonemes(texts, spec.language))
    far = np.ones(len(texts), bool)
    for target in text_phonemes([_text(label) for label in own], spec.language):
        far &= distances(target, said)[:, -1] >= spec.near_miss_distance * len(target)
    return [text for text, kept in zip(texts, far) if kept]


def _text(label: str) -> str:
    """A label as it is said."""
    return label.replace("_", " ")
