"""Clips to judge a bundle on: a folder with one subfolder a label, or a split of a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import UNKNOWN
from edge_asr.data.audio_file import read_audio
from edge_asr.data.clips import DataSet, LeftOut, Split
from edge_asr.data.spec import AugmentSpec, DataSpec
from edge_asr.data.task import examples
from edge_asr.data.walk import audio_files, subfolders
from edge_asr.data.waveforms import FIXED_SEED, Waveforms
from edge_asr.errors import DataError


@dataclass(frozen=True)
class LabelledClip:
    """One sound whose label is known; its samples are read when they are asked for."""

    name: str
    """Path of its file, or the id of a sound that is cut from noise."""
    label: str
    speaker: str | None
    """Who says it, where that is known."""
    load: Callable[[], NDArray[np.float32]]
    """Gives float32 (n,) at the front end's rate; raises `AudioError`."""


def folder_clips(
    root: Path, labels: Sequence[str], sample_rate: int, *, others_are_unknown: bool = False
) -> tuple[tuple[LabelledClip, ...], tuple[LeftOut, ...]]:
    """The recordings in the subfolders of `root` that are named like `labels`, and what was left out; none is opened yet.

    Other subfolders are left out, or are taken for `_unknown_` with `others_are_unknown`. Raises `DataError` when `root` is
    no folder, or none of its subfolders is a label that holds recordings.
    """
    if others_are_unknown and UNKNOWN not in labels:
        raise DataError(f"other words can be counted as {UNKNOWN} only if that is a label; the bundle has {', '.join(labels)}")
    clips: list[LabelledClip] = []
    left_out: list[LeftOut] = []
    folders = subfolders(root)
    for folder in folders:
        label = folder.name if folder.name in labels else UNKNOWN if others_are_unknown else None
        if label is None:
            left_out.append(LeftOut(folder, "not a label of the bundle"))
            continue
        files, odd = audio_files(folder, deep=True)
        left_out += odd
        clips += [LabelledClip(str(path), label, None, partial(read_audio, path, sample_rate)) for path in files]
    if not clips:
        raise DataError(
            f"{root}: expected subfolders with recordings, named like the bundle's labels ({', '.join(labels)}), "
            f"found {', '.join(folder.name for folder in folders)[:200] or 'no subfolder'}"
        )
    return tuple(clips), tuple(left_out)


def split_clips(dataset: DataSet, spec: DataSpec, split: Split, sample_rate: int) -> tuple[LabelledClip, ...]:
    """What `split` consists of under the task's conventions (see `edge_asr.data.task`), as training judges itself.

    `_silence_` is cut from the noise that this split alone may hear. Raises `DataError` when a label has no clip.
    """
    waveforms = Waveforms(dataset.noises, sample_rate, spec, AugmentSpec(), FIXED_SEED)
    return tuple(
        LabelledClip(
            name=str(example.clips[0].path) if example.clips else example.id,
            label=spec.labels[example.label],
            speaker=example.clips[0].speaker if example.clips else None,
            load=partial(waveforms.waveform, example),
        )
        for example in examples(dataset, spec, FIXED_SEED)[split]
    )
