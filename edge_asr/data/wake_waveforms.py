"""The sound of every window that a wake word is learnt from, the same each time it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.audio_file import read_excerpt
from edge_asr.data.augment import Variation, draw, vary_sound, vary_voice
from edge_asr.data.clips import SPLITS, LeftOut, Split
from edge_asr.data.level import decibels
from edge_asr.data.negative_windows import Window, load_window
from edge_asr.data.noise import Samples, cut_noise, cut_silence
from edge_asr.data.sound_pool import PoolFiles, SoundPool, read_pool, to_level
from edge_asr.data.spec import AugmentSpec
from edge_asr.data.split import stable_hash
from edge_asr.data.wake_spec import WakeSpec
from edge_asr.data.wake_windows import WakeWindow
from edge_asr.data.waveforms import FIXED_SEED

NEIGHBOUR_DB = (-8.0, 4.0)
"""Level of the speech around a sound, relative to it."""
FADE_SECONDS = 0.01


@dataclass(frozen=True)
class WakeWaveforms:
    """Makes waveforms. Small to pickle: what surrounds a sound is read once in each process, when it is first needed."""

    around: Mapping[Split, PoolFiles]
    """Noise and other speech that each split may hear."""
    sample_rate: int
    clip_seconds: float
    wake: WakeSpec
    augment: AugmentSpec
    seed: int

    @property
    def length(self) -> int:
        """Samples of every waveform."""
        return round(self.clip_seconds * self.sample_rate)

    @cached_property
    def pools(self) -> dict[Split, SoundPool]:
        """What is around, as sound."""
        return {split: read_pool(self.around[split], self.sample_rate, split) for split in SPLITS}

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Files of noise and other speech that can't be used."""
        return tuple(item for pool in self.pools.values() for item in pool.left_out)

    def variants(self, window: WakeWindow, which: range) -> Iterator[Samples]:
        """Several windows on one sound, which is read once: float32 (length,) each. 0 is not augmented, the others are.

        Each draw comes from a generator of its own, made from the seed, the window's id and the variant. Raises `AudioError`
        when a file is not usable.
        """
        sound = self._read(window)
        pool = self.pools[window.split]
        for variant in which:
            seed = self.seed if window.split == "train" else FIXED_SEED
            rng = np.random.default_rng([seed, stable_hash(window.id), variant])
            if sound is None:
                yield cut_silence(pool.noise, self.length, rng)
                continue
            variation = draw(self.augment, pool.noise, self.sample_rate, self.length, rng) if variant else Variation()
            before, heard, after = self._cut(sound, rng.uniform(*window.ends), variation)
            if rng.random() < self.wake.surrounded and pool.speech:
                around = self._neighbour(pool, before, rng, last=True), self._neighbour(pool, after, rng, last=False)
            else:
                around = np.zeros(before, np.float32), np.zeros(after, np.float32)
            yield vary_sound(np.concatenate((around[0], heard, around[1])), variation, self.sample_rate)

    def _read(self, window: WakeWindow) -> Samples | None:
        """What is heard, at the nominal level."""
        sound = window.sound
        if sound is None:
            return None
        if isinstance(sound, Window):
            samples = load_window(sound, self.sample_rate)
        else:
            samples = read_excerpt(sound.path, self.sample_rate, sound.start, sound.end - sound.start)
        return to_level(samples, self.sample_rate)

    def _cut(self, sound: Samples, end: float, variation: Variation) -> tuple[int, Samples, int]:
        """The samples of `sound` in a window that ends at `end` seconds, varied, and how many are missing on both sides."""
        last = min(round(end * self.sample_rate), len(sound))
        after = min(self.length, round(end * self.sample_rate) - last)
        room = self.length - after
        # A little more than fits at this speed; what is too much is cut off in front.
        first = max(0, last - round(room * variation.speed) - self.sample_rate // 50)
        heard = vary_voice(sound[first:last], variation) if last > first else sound[:0]
        heard = fade(heard[max(0, len(heard) - room) :], self.sample_rate)
        return room - len(heard), heard, after

    def _neighbour(self, pool: SoundPool, length: int, rng: np.random.Generator, *, last: bool) -> Samples:
        """`length` samples of other speech and a pause: at its end when `last`, else at its beginning."""
        pause = min(length, round(rng.uniform(*self.wake.gap_ms) / 1000 * self.sample_rate))
        if length == pause:
            return np.zeros(length, np.float32)
        speech = cut_noise(pool.speech, length - pause, rng) * np.float32(decibels(rng.uniform(*NEIGHBOUR_DB)))
        return np.pad(fade(speech, self.sample_rate), (0, pause) if last else (pause, 0))


def fade(sound: Samples, sample_rate: int) -> Samples:
    """A copy whose first and last 10 ms rise and fall: a cut makes no click."""
    count = min(round(FADE_SECONDS * sample_rate), len(sound) // 2)
    ramp = np.linspace(0.0, 1.0, count, endpoint=False, dtype=np.float32)
    result: NDArray[np.float32] = sound.copy()
    result[:count] *= ramp
    result[len(result) - count :] *= ramp[::-1]
    return result
