"""Clips to judge a bundle on: a folder with one subfolder a label, or a split of a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import UNKNOWN
from edge_asr.data.clips import DataSet, LeftOut, Split
from edge_asr.data.folder import read_folder
from edge_asr.data.spec import AugmentSpec, DataSpec
from edge_asr.data.task import Example, examples, labelled_clips
from edge_asr.data.waveforms import FIXED_SEED, Waveforms
from edge_asr.errors import DataError
from edge_asr.runtime.engine import Engine


@dataclass(frozen=True)
class LabelledClip:
    """One sound whose label is known; its samples are read when they are asked for."""

    name: str
    """Path of its file, or the id of a sound that is cut from noise."""
    label: str
    speaker: str | None
    """Who says it, where that is known."""
    load: Callable[[], NDArray[np.float32]]
    """Gives float32 (n,), the part that the model hears, at the front end's rate; raises `AudioError`."""


def folder_clips(
    root: Path, engine: Engine, *, others_are_unknown: bool = False
) -> tuple[tuple[LabelledClip, ...], tuple[LeftOut, ...]]:
    """The recordings in the subfolders of `root` that are named like labels of `engine`, and what was left out.

    Other subfolders are left out, or taken for `_unknown_` with `others_are_unknown`. Speakers are told as in
    `edge_asr.data.folder`. No file is opened yet. Raises `DataError` when there is nothing to judge.
    """
    labels = engine.labels
    if others_are_unknown and UNKNOWN not in labels:
        raise DataError(f"other words can be counted as {UNKNOWN} only if that is a label; the bundle has {', '.join(labels)}")
    spec = DataSpec(reader="folder", labels=labels)
    dataset = read_folder(root, spec)
    words = sorted({clip.word for clip in dataset.clips})
    others = [] if others_are_unknown else [word for word in words if word not in labels]
    judged = replace(dataset, clips=tuple(clip for clip in dataset.clips if clip.word not in others))
    if not judged.clips:
        raise DataError(
            f"{root}: expected subfolders with recordings, named like the bundle's labels ({', '.join(labels)}), "
            f"found {', '.join(words)[:200]}; --reader reads data sets that are laid out otherwise"
        )
    unused = [LeftOut(root / word, "not a label of the bundle") for word in others]
    unused += [LeftOut(path, "background noise") for path in dataset.noises]
    return _clips(labelled_clips(judged, labels), judged, spec, engine), (*unused, *dataset.left_out)


def split_clips(dataset: DataSet, spec: DataSpec, split: Split, engine: Engine) -> tuple[LabelledClip, ...]:
    """What `split` consists of under the task's conventions (see `edge_asr.data.task`), as training judges itself.

    `_silence_` is cut from the noise that this split alone may hear. Raises `DataError` when a label has no clip.
    """
    return _clips(examples(dataset, spec, FIXED_SEED)[split], dataset, spec, engine)


def _clips(wanted: Iterable[Example], dataset: DataSet, spec: DataSpec, engine: Engine) -> tuple[LabelledClip, ...]:
    rate = engine.manifest.frontend.sample_rate
    window = replace(spec, clip_seconds=engine.clip_samples / rate)
    waveforms = Waveforms(dataset.noises, rate, window, AugmentSpec(), FIXED_SEED)
    return tuple(
        LabelledClip(
            name=str(example.clips[0].path) if example.clips else example.id,
            label=spec.labels[example.label],
            speaker=example.clips[0].speaker if example.clips else None,
            load=partial(waveforms.waveform, example),
        )
        for example in wanted
    )
