"""The sound of every example in every variant, the same each time it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import SILENCE
from edge_asr.data.audio_file import read_audio
from edge_asr.data.augment import augment
from edge_asr.data.clips import Clip, LeftOut
from edge_asr.data.noise import NoisePools, cut_silence, load_noises
from edge_asr.data.spec import AugmentSpec, DataSpec
from edge_asr.data.splice import splice
from edge_asr.data.split import stable_hash
from edge_asr.data.task import Example
from edge_asr.errors import AudioError
from edge_asr.runtime.window import fit_window

SHORTEST = 0.05
"""Seconds. Nothing shorter is a word."""
FIXED_SEED = 0
"""Validation and test are the same for every seed."""


@dataclass(frozen=True)
class Waveforms:
    """Makes waveforms. Small to pickle: the noise is read once in each process, when it is first needed."""

    noise_files: tuple[Path, ...]
    sample_rate: int
    data: DataSpec
    augment: AugmentSpec
    seed: int

    @property
    def length(self) -> int:
        """Samples of every waveform."""
        return round(self.data.clip_seconds * self.sample_rate)

    @cached_property
    def noises(self) -> NoisePools:
        """The noise that each split may hear."""
        return load_noises(self.noise_files, self.sample_rate, self.length)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Noise files that can't be used."""
        return self.noises.left_out

    def waveform(self, example: Example, variant: int = 0) -> NDArray[np.float32]:
        """One variant of `example`: float32 (length,). Raises `AudioError` when a file of it is not usable."""
        return next(self.variants(example, (variant,)))

    def variants(self, example: Example, which: range | tuple[int, ...]) -> Iterator[NDArray[np.float32]]:
        """Several variants of `example`, its files read once. 0 is the clip as it came, the others are augmented.

        Each draw comes from a generator of its own, made from the seed, the example's id and the variant: it does not matter
        which variants are made, in which order, or by which process. Raises `AudioError` when a file is not usable.
        """
        sounds = [self._read(clip) for clip in example.clips]
        noises = self.noises.of(example.split)
        for variant in which:
            seed = self.seed if example.split == "train" else FIXED_SEED
            rng = np.random.default_rng([seed, stable_hash(example.id), variant])
            if not sounds:
                yield cut_silence(noises, self.length, rng)
                continue
            sound = sounds[0] if len(sounds) == 1 else splice(sounds[0], sounds[1], self.sample_rate, rng)
            if variant:
                yield augment(sound, self.augment, noises, self.sample_rate, rng, length=self.length)
            else:
                yield fit_window(sound, self.length)

    def _read(self, clip: Clip) -> NDArray[np.float32]:
        samples = read_audio(clip.path, self.sample_rate)
        if clip.word != SILENCE and len(samples) < SHORTEST * self.sample_rate:
            raise AudioError(f"{clip.path}: expected a word, found {len(samples) / self.sample_rate:.3f} seconds")
        if clip.word != SILENCE and not samples.any():
            raise AudioError(f"{clip.path}: expected a word, found digital silence")
        return samples
