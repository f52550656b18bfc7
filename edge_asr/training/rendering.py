"""Recordings under the conditions of a measurement, the same sound each time it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.cache import file_state
from edge_asr.data.negatives import ALL_SUFFIXES
from edge_asr.data.noise import Samples
from edge_asr.data.sound_pool import PoolFiles, read_pool
from edge_asr.data.split import stable_hash
from edge_asr.data.walk import audio_files
from edge_asr.errors import DataError
from edge_asr.training.conditions import CONDITIONS, Condition, render


def noise_files(places: Sequence[Path]) -> tuple[Path, ...]:
    """The sound files in `places`, at any depth. Raises `DataError` for a place without any."""
    found: list[Path] = []
    for place in places:
        files = audio_files(place, deep=True, suffixes=ALL_SUFFIXES)[0]
        if not files:
            raise DataError(f"{place}: expected noise recordings, found no {', '.join(ALL_SUFFIXES)} file")
        found += files
    return tuple(found)


@dataclass(frozen=True)
class Rendering:
    """How recordings are made to sound. Small to pickle: each process reads the noise once, when it first needs it."""

    sample_rate: int
    conditions: tuple[Condition, ...] = CONDITIONS
    noise: tuple[Path, ...] = ()
    """Files, of which up to ten minutes are taken; without any, white, pink and brown noise."""
    seed: int = 0

    @property
    def about(self) -> list[object]:
        """JSON values that tell all that the sounds depend on but for the recording."""
        conditions = [asdict(condition) for condition in self.conditions]
        return [self.sample_rate, conditions, [[str(path), *file_state(path)] for path in self.noise], self.seed]

    @cached_property
    def noises(self) -> tuple[Samples, ...]:
        """The noise. Raises `DataError` when there are files and none of them is usable."""
        pool = read_pool(PoolFiles(noise=self.noise), self.sample_rate, "test")
        if self.noise and len(pool.left_out) == len(self.noise):
            raise DataError(f"{self.noise[0]}: expected noise to mix with, found {pool.left_out[0].why}")
        return tuple(sound for sound in pool.noise if sound.any())

    def sound(self, name: str, samples: NDArray[np.float32], condition: Condition) -> NDArray[np.int16]:
        """`samples` of the recording `name`, float32 (n,), under `condition`, padded.

        Its draws depend on nothing else that is measured.
        """
        rng = np.random.default_rng([self.seed, stable_hash(name), stable_hash(condition.name)])
        return render(samples, condition, self.noises if condition.snr_db is not None else (), self.sample_rate, rng)
