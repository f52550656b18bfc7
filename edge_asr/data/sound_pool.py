"""What is around a sound: noise, and speech of others, a few minutes of each, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_asr.data.audio_file import read_audio, read_excerpt
from edge_asr.data.clips import LeftOut, Split
from edge_asr.data.excerpt import Excerpt
from edge_asr.data.level import active_rms, decibels
from edge_asr.data.noise import Samples, synthetic_noise
from edge_asr.data.split import stable_hash
from edge_asr.errors import AudioError

POOL_SECONDS = 600.0
"""Of each kind; 40 MB at 16 kHz. With more files, which ones is decided by the hashes of their names."""
NOMINAL_RMS = decibels(-26.0)
"""Every sound is brought to this active level first: a wake word is no louder than other speech."""


@dataclass(frozen=True)
class PoolFiles:
    """Files of one split, or parts of files."""

    noise: tuple[Path | Excerpt, ...] = ()
    speech: tuple[Path | Excerpt, ...] = ()


@dataclass(frozen=True)
class SoundPool:
    """Their sounds, float32 (n,) each."""

    noise: tuple[Samples, ...]
    """White, pink and brown noise where there is no other."""
    speech: tuple[Samples, ...]
    """At the nominal level."""
    left_out: tuple[LeftOut, ...] = ()


def read_pool(files: PoolFiles, sample_rate: int, split: Split) -> SoundPool:
    """Read up to ten minutes of each kind. Files that can't be used are left out."""
    left_out: list[LeftOut] = []
    noise = _read_some(files.noise, sample_rate, left_out)
    speech = _read_some(files.speech, sample_rate, left_out)
    return SoundPool(
        noise or synthetic_noise(sample_rate, split), tuple(to_level(sound, sample_rate) for sound in speech), tuple(left_out)
    )


def to_level(sound: Samples, sample_rate: int) -> Samples:
    """`sound` at the nominal level; digital silence as it is."""
    level = active_rms(sound, sample_rate)
    return sound * np.float32(NOMINAL_RMS / level) if level else sound


def _read_some(files: Iterable[Path | Excerpt], sample_rate: int, left_out: list[LeftOut]) -> tuple[Samples, ...]:
    sounds: list[Samples] = []
    seconds = 0.0
    for file in sorted(files, key=_place):
        if seconds >= POOL_SECONDS:
            break
        path = file.path if isinstance(file, Excerpt) else file
        try:
            if isinstance(file, Excerpt):
                sounds.append(read_excerpt(path, sample_rate, file.start, file.end - file.start))
            else:
                sounds.append(read_audio(path, sample_rate))
        except AudioError as err:
            left_out.append(LeftOut(path, str(err).removeprefix(f"{path}: ")))
        else:
            seconds += len(sounds[-1]) / sample_rate
    return tuple(sounds)


def _place(file: Path | Excerpt) -> int:
    """In an order that has nothing to do with who speaks and how the folders are called."""
    if isinstance(file, Excerpt):
        return stable_hash(f"{'/'.join(file.path.parts[-2:])} {file.start:.3f}")
    return stable_hash("/".join(file.parts[-2:]))
