"""Recordings of wake words to be measured with: which file says which label, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import BACKGROUND
from edge_asr.data.clips import LeftOut
from edge_asr.data.recordings import SUFFIXES
from edge_asr.data.walk import audio_files, subfolders
from edge_asr.errors import AudioError, DataError
from edge_asr.runtime.speech_span import Span, speech_span


@dataclass(frozen=True)
class Positive:
    """A recording in which a label is said once."""

    path: Path
    label: str

    @property
    def name(self) -> str:
        """Its folder and name: the same wherever the folder lies."""
        return "/".join(self.path.parts[-2:])


def read_positives(folder: Path, labels: Sequence[str]) -> tuple[tuple[Positive, ...], tuple[LeftOut, ...]]:
    """The recordings below `folder` and what was left out; no file is opened.

    Subfolders that are named like labels ("smart mirror" and "Smart-Mirror" are both `smart_mirror`) hold theirs. Without any
    such, all files below `folder` are of the label that it is named like, or of the only one that there is. Unlike recordings
    to learn from, those in which no speech is found count too: they are the hard ones. Raises `DataError` when none of this
    fits, or there is no audio file.
    """
    keywords = [label for label in labels if label not in BACKGROUND]
    named = {path: _label_named(path.name, keywords) for path in subfolders(folder)}
    places = [(path, label) for path, label in named.items() if label]
    left_out = [LeftOut(path, "not a label of the bundle") for path in named if places and not named[path]]
    if not places:
        only = keywords[0] if len(keywords) == 1 else None
        label = _label_named(folder.resolve().name, keywords) or only
        if label is None:
            raise DataError(
                f"{folder}: expected subfolders with recordings, named like labels of the bundle ({', '.join(keywords)}), "
                f"found {', '.join(path.name for path in named)[:200] or 'none'}"
            )
        places = [(folder, label)]
    positives: list[Positive] = []
    for path, label in places:
        found, others = audio_files(path, deep=True, suffixes=SUFFIXES)
        positives += [Positive(file, label) for file in found]
        left_out += others
    if not positives:
        raise DataError(f"{folder}: expected recordings of {', '.join(keywords)}, found no {', '.join(SUFFIXES)} file")
    return tuple(positives), tuple(left_out)


def word_span(samples: NDArray[np.float32], sample_rate: int) -> Span:
    """Where the word lies in `samples`, float32 (n,); all of it where no speech stands out."""
    try:
        return speech_span(samples, sample_rate)
    except AudioError:
        return Span(0.0, len(samples) / sample_rate)


def _label_named(name: str, labels: Sequence[str]) -> str | None:
    return {_plain(label): label for label in labels}.get(_plain(name))


def _plain(name: str) -> str:
    return "_".join(name.casefold().replace("_", " ").replace("-", " ").split())
