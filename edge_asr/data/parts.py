"""The features of a few items: what one worker makes at a time, and what an interrupted preparation goes on from."""

from __future__ import annotations

import contextlib
import os
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_asr import frontend
from edge_asr.data.clips import LeftOut
from edge_asr.errors import AudioError
from edge_asr.frontend.spec import FrontendSpec


@dataclass(frozen=True)
class Part:
    """Features of those of some items whose files are usable."""

    features: NDArray[np.float16]
    """(usable items, variants, frames, features)."""
    ids: tuple[str, ...]
    """Of the usable items, in order."""
    left_out: tuple[LeftOut, ...]


class Item(Protocol):
    """What one row of a table stands for."""

    @property
    def id(self) -> str:
        """Unique in a table."""
        ...

    @property
    def label(self) -> int:
        """Its class."""
        ...

    @property
    def file(self) -> Path | None:
        """The file that is to blame when its sound can't be made, where it is one."""
        ...


class WaveformSource(Protocol):
    """Makes the sound of items, the same in every process. Small to pickle."""

    @property
    def length(self) -> int:
        """Samples of every waveform."""
        ...

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Files that serve all items (noise) and can't be used."""
        ...

    def variants(self, item: Any, which: range) -> Iterator[NDArray[np.float32]]:
        """Variants of `item`: float32 (length,) each. Raises `AudioError` when a file is not usable."""
        ...


class FrontEnd(Protocol):
    """Makes features of sound. Small to pickle."""

    @property
    def features(self) -> int:
        """Features of a frame."""
        ...

    def frames_in(self, samples: int) -> int:
        """Frames of so many samples."""
        ...

    def compute(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features (frames, features) of samples (n,)."""
        ...


@dataclass(frozen=True)
class DeviceFrontEnd:
    """The front end that devices run."""

    spec: FrontendSpec

    @property
    def features(self) -> int:
        """Features of a frame."""
        return self.spec.features

    def frames_in(self, samples: int) -> int:
        """Frames of so many samples."""
        return self.spec.frames_in(samples)

    def compute(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features (frames, features) of samples (n,)."""
        return frontend.compute(samples, self.spec)


@dataclass(frozen=True)
class Job:
    """One part to make, and where to put it."""

    path: Path
    items: tuple[Item, ...]
    variants: int


@dataclass(frozen=True)
class PartMaker:
    """Makes parts. Small to pickle."""

    waveforms: WaveformSource
    frontend: FrontEnd

    def run(self, job: Job) -> None:
        """Make the part of `job` unless it is there already."""
        if read_part(job.path) is None:
            write_part(job.path, self.make(job.items, job.variants))

    def make(self, items: Sequence[Item], variants: int) -> Part:
        """Compute features. Items whose files are not usable are left out; only those of one file name it."""
        frames = self.frontend.frames_in(self.waveforms.length)
        features = np.empty((len(items), variants, frames, self.frontend.features), np.float16)
        ids: list[str] = []
        left_out: list[LeftOut] = []
        for item in items:
            row = features[len(ids)]
            try:
                for variant, samples in enumerate(self.waveforms.variants(item, range(variants))):
                    row[variant] = self.frontend.compute(samples)
            except AudioError as err:
                if item.file is not None:
                    left_out.append(LeftOut(item.file, str(err).removeprefix(f"{item.file}: ")))
            else:
                ids.append(item.id)
        return Part(features[: len(ids)], tuple(ids), tuple(left_out))


def write_part(path: Path, part: Part) -> None:
    """Store a part."""
    write_arrays(path, part.left_out, features=part.features, ids=np.array(part.ids, np.str_))


def read_part(path: Path) -> Part | None:
    """A stored part, or None where there is none or it is damaged (its zip checksums tell)."""
    stored = read_arrays(path, "features", "ids")
    return Part(stored[0]["features"], tuple(map(str, stored[0]["ids"])), stored[1]) if stored else None


def write_arrays(path: Path, left_out: Sequence[LeftOut], **arrays: Any) -> None:
    """Store arrays and what was left out (`.npz`): a temporary file beside it, then a rename.

    Nothing is stored where the folder vanishes meanwhile: another process has done the same work and cleared it away.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    rows = [[item.path.as_posix(), item.why] for item in left_out]
    with contextlib.suppress(FileNotFoundError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.savez(file, left_out=np.array(rows, np.str_).reshape(-1, 2), **arrays)
        temporary.replace(path)


def read_arrays(path: Path, *names: str) -> tuple[dict[str, NDArray[Any]], tuple[LeftOut, ...]] | None:
    """What `write_arrays` stored, or None where there is none of it or it is damaged."""
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            left_out = tuple(LeftOut(Path(str(name)), str(why)) for name, why in file["left_out"])
            return {name: file[name] for name in names}, left_out
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
