"""The sound of every row that a recogniser learns from, the same each time it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from edge_asr.data.audio_file import read_audio, read_excerpt
from edge_asr.data.augment import Variation, draw, vary_sound, vary_voice
from edge_asr.data.clips import SPLITS, LeftOut, Split
from edge_asr.data.connected import connect
from edge_asr.data.excerpt import Excerpt
from edge_asr.data.level import active_rms
from edge_asr.data.negative_windows import load_window
from edge_asr.data.noise import Samples, cut_noise
from edge_asr.data.sound_pool import PoolFiles, SoundPool, read_pool, to_level
from edge_asr.data.spec import AugmentSpec
from edge_asr.data.speech_rows import SpeechRow
from edge_asr.data.speech_spec import SpeechSpec
from edge_asr.data.split import stable_hash
from edge_asr.data.telephone import telephone
from edge_asr.data.waveforms import FIXED_SEED
from edge_asr.errors import AudioError
from edge_asr.runtime.speech_span import speech_span

WORDS_KEPT = 2048
"""Single words that each process keeps in memory: strings are made of the same ones over and over."""
FAINT = 1e-3
"""RMS."""


@dataclass(frozen=True)
class SpeechWaveforms:
    """Makes waveforms. Small to pickle: noise is read once in each process, when it is first needed."""

    noise: Mapping[Split, tuple[Excerpt, ...]]
    """Noise that each split may hear."""
    sample_rate: int
    speech: SpeechSpec
    augment: AugmentSpec
    seed: int

    @cached_property
    def pools(self) -> dict[Split, SoundPool]:
        """The noise as sound."""
        return {split: read_pool(PoolFiles(self.noise[split]), self.sample_rate, split) for split in SPLITS}

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Files of noise that can't be used."""
        return tuple(item for pool in self.pools.values() for item in pool.left_out)

    def variants(self, row: SpeechRow) -> Iterator[Samples]:
        """The row's variants in order, float32 (n,) each, peak at most 1; their lengths differ.

        Each draw comes from a generator of its own, made from the seed, the row's id and the variant. Raises `AudioError`
        when a file is not usable.
        """
        for variant in row.variants:
            seed = self.seed if row.split == "train" else FIXED_SEED
            rng = np.random.default_rng([seed, stable_hash(row.id), variant])
            yield self._render(row, bool(variant), rng)

    def _render(self, row: SpeechRow, varied: bool, rng: np.random.Generator) -> Samples:
        variation = draw(self.augment, (), self.sample_rate, 0, rng) if varied else Variation()
        sound = vary_voice(self._sound(row, rng), variation)
        lead, trail = (round(rng.uniform(*ms) / 1000 * self.sample_rate) for ms in (self.speech.lead_ms, self.speech.trail_ms))
        sound = np.pad(sound, (lead, trail))
        noise = self.pools[row.split].noise
        if varied and rng.random() < self.augment.noise_probability:
            variation = replace(variation, noise=cut_noise(noise, len(sound), rng))
        sound = vary_sound(sound, variation, self.sample_rate)
        return telephone(sound, self.sample_rate) if varied and rng.random() < self.speech.telephone else sound

    def _sound(self, row: SpeechRow, rng: np.random.Generator) -> Samples:
        """What is said, at the nominal level."""
        if row.heard is not None:
            return to_level(load_window(row.heard, self.sample_rate), self.sample_rate)
        if row.connected:
            return connect([read_word(word, self.sample_rate) for word in row.said], self.speech, self.sample_rate, rng)
        return to_level(_read(row.said[0], self.sample_rate), self.sample_rate)


@lru_cache(WORDS_KEPT)
def read_word(word: Excerpt, sample_rate: int) -> Samples:
    """A recorded word at the nominal level, without what is around it. Raises `AudioError`, also for one as good as silent.

    Recordings that have been cut to the word have no silence to tell it from: they are taken whole.
    """
    samples = _read(word, sample_rate)
    if active_rms(samples, sample_rate) < FAINT:
        raise AudioError(f"{word.path}: expected a word, found nothing above -60 dBFS")
    try:
        span = speech_span(samples, sample_rate)
    except AudioError:
        return to_level(samples, sample_rate)
    return to_level(samples[int(span.start * sample_rate) : int(span.end * sample_rate)], sample_rate)


def _read(excerpt: Excerpt, sample_rate: int) -> Samples:
    if excerpt.end:
        samples = read_excerpt(excerpt.path, sample_rate, excerpt.start, excerpt.end - excerpt.start)
    else:
        samples = read_audio(excerpt.path, sample_rate)
    if not samples.any():
        raise AudioError(f"{excerpt.path}: expected speech, found digital silence")
    return samples
