"""The features of a few rows of any length: what one worker makes at a time, and what an interrupted preparation goes on from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr import frontend
from edge_asr.data.clips import LeftOut
from edge_asr.data.parts import read_arrays, write_arrays
from edge_asr.data.speech_rows import SpeechRow
from edge_asr.data.speech_waveforms import SpeechWaveforms
from edge_asr.errors import AudioError
from edge_asr.frontend.spec import FrontendSpec


@dataclass(frozen=True)
class SpeechPart:
    """Features of those of some rows whose files are usable."""

    features: NDArray[np.float16]
    """(frames of all, features)."""
    lengths: NDArray[np.int64]
    """(row variants,): frames of each."""
    ids: tuple[str, ...]
    """Of the row variants: the row's id, `#`, the variant."""
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class SpeechJob:
    """One part to make, and where to put it."""

    path: Path
    rows: tuple[SpeechRow, ...]


@dataclass(frozen=True)
class SpeechPartMaker:
    """Makes parts. Small to pickle."""

    waveforms: SpeechWaveforms
    frontend: FrontendSpec

    def run(self, job: SpeechJob) -> None:
        """Make the part of `job` unless it is there already."""
        if read_speech_part(job.path) is None:
            write_speech_part(job.path, self.make(job.rows))

    def make(self, rows: Sequence[SpeechRow]) -> SpeechPart:
        """Compute features. Rows with a file that is not usable are left out, and the file is named."""
        features: list[NDArray[np.float16]] = []
        ids: list[str] = []
        left_out: list[LeftOut] = []
        for row in rows:
            try:
                made = [frontend.compute(sound, self.frontend).astype(np.float16) for sound in self.waveforms.variants(row)]
            except AudioError as err:
                broken = (one.path for one in row.said if str(err).startswith(f"{one.path}: "))
                left_out += [LeftOut(path, str(err).removeprefix(f"{path}: ")) for path in broken]
                continue
            features += made
            ids += [f"{row.id}#{variant}" for variant in row.variants]
        lengths = np.array([len(one) for one in features], np.int64)
        together = np.concatenate(features) if features else np.zeros((0, self.frontend.features), np.float16)
        return SpeechPart(together, lengths, tuple(ids), tuple(left_out))


def write_speech_part(path: Path, part: SpeechPart) -> None:
    """Store a part."""
    write_arrays(path, part.left_out, features=part.features, lengths=part.lengths, ids=np.array(part.ids, np.str_))


def read_speech_part(path: Path) -> SpeechPart | None:
    """A stored part, or None where there is none or it is damaged."""
    stored = read_arrays(path, "features", "lengths", "ids")
    if stored is None:
        return None
    arrays, left_out = stored
    return SpeechPart(arrays["features"], arrays["lengths"], tuple(map(str, arrays["ids"])), left_out)
