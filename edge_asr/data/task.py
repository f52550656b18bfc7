"""From words to labels: which clips stand for which class (the 12-label task's conventions, Warden, arXiv 1804.03209)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_asr.bundle.manifest import SILENCE, UNKNOWN
from edge_asr.data.clips import SPLITS, Clip, DataSet, Split
from edge_asr.data.spec import DataSpec
from edge_asr.data.split import stable_hash
from edge_asr.errors import DataError


@dataclass(frozen=True)
class Example:
    """One labelled sound: a clip (one in `clips`), a spliced word (two), or a cut of background noise (none)."""

    id: str
    """Unique in a data set; with the seed and the variant it fixes every random draw."""
    label: int
    """Index into `DataSpec.labels`."""
    split: Split
    clips: tuple[Clip, ...]

    @property
    def file(self) -> Path | None:
        """The recording, unless it is made of two or none."""
        return self.clips[0].path if len(self.clips) == 1 else None


def examples(dataset: DataSet, spec: DataSpec, seed: int) -> dict[Split, tuple[Example, ...]]:
    """What each split consists of.

    Clips whose word is a label stand for it; all other words are `_unknown_`, if that is a label. Training keeps all of them
    and adds spliced words; validation and test keep `unknown_percent` of their keyword clips. `_silence_` is
    `silence_percent` of the keyword clips, cut from background noise, unless the data set has clips of it itself.
    Validation and test do not depend on `seed`. Raises `DataError` naming each label that has no clip.
    """
    missing = set(spec.labels) - {clip.word for clip in dataset.clips} - {SILENCE, UNKNOWN}
    if missing:
        raise DataError(f"{dataset.root}: expected clips of every label, found none of: {', '.join(sorted(missing))}")
    return {split: _of_split(dataset, spec, split, seed) for split in SPLITS}


def labelled_clips(dataset: DataSet, labels: Sequence[str]) -> tuple[Example, ...]:
    """Every clip of every split with its label, for an evaluation on all of a data set.

    Words that are no label are `_unknown_`; without that label they are left aside.
    """
    indexes = {label: index for index, label in enumerate(labels)}
    pairs = ((clip, indexes.get(clip.word, indexes.get(UNKNOWN))) for clip in dataset.clips)
    return tuple(_example(dataset, clip, label) for clip, label in pairs if label is not None)


def _of_split(dataset: DataSet, spec: DataSpec, split: Split, seed: int) -> tuple[Example, ...]:
    clips = [clip for clip in dataset.clips if clip.split == split]
    labelled = labelled_clips(DataSet(dataset.name, dataset.root, tuple(clips)), spec.labels)
    background = [spec.labels.index(name) for name in (SILENCE, UNKNOWN) if name in spec.labels]
    keywords = [example for example in labelled if example.label not in background]
    result = list(keywords)
    if UNKNOWN in spec.labels:
        unknown = [example for example in labelled if example.label == spec.labels.index(UNKNOWN)]
        if split == "train":
            result += unknown + _spliced(dataset, spec, keywords, unknown, seed)
        else:
            unknown.sort(key=lambda example: stable_hash(example.id))
            result += unknown[: _percent(len(keywords), spec.unknown_percent)]
    if SILENCE in spec.labels:
        label = spec.labels.index(SILENCE)
        recorded = [example for example in labelled if example.label == label]
        count = _percent(len(keywords), spec.silence_percent)
        result += recorded or [Example(f"{SILENCE}/{split}/{i:05d}", label, split, ()) for i in range(count)]
    return tuple(result)


def _spliced(dataset: DataSet, spec: DataSpec, keywords: list[Example], unknown: list[Example], seed: int) -> list[Example]:
    """The beginning of one word and the end of another, at most one of them a keyword: nobody says that on purpose."""
    count = round(len(unknown) * spec.spliced_unknowns)
    words = {example.clips[0].word for example in unknown}
    if not count or not words or len(words) + len(keywords) < 2:
        return []
    rng = np.random.default_rng([seed, stable_hash("spliced")])
    label = spec.labels.index(UNKNOWN)
    anything = keywords + unknown
    result: list[Example] = []
    while len(result) < count:
        one = unknown[int(rng.integers(len(unknown)))].clips[0]
        other = anything[int(rng.integers(len(anything)))].clips[0]
        pair = (one, other) if rng.random() < 0.5 else (other, one)
        if one.word != other.word or one.word == UNKNOWN:
            result.append(Example(f"spliced/{len(result):05d}", label, "train", pair))
    return result


def _example(dataset: DataSet, clip: Clip, label: int) -> Example:
    return Example(dataset.clip_id(clip), label, clip.split, (clip,))


def _percent(count: int, percent: float) -> int:
    return math.ceil(count * percent / 100)
