"""Varying a clip: every random draw is made in `draw`, and `apply` is a pure function of what was drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.level import active_rms, decibels, limit, rms
from edge_asr.data.noise import cut_noise
from edge_asr.data.spec import AugmentSpec
from edge_asr.data.spectral import Equalizer, equalize, reverberate, room_response
from edge_asr.data.timing import change_pitch, change_speed, shift
from edge_asr.runtime.window import fit_window

KNOTS = 8
BAND_LIMIT_PROBABILITY = 0.3
"""Share of the equalisers that also lack lows, and likewise highs, as small speakers and telephones do."""
LOW_EDGE_HZ, HIGH_EDGE_HZ = (80.0, 400.0), (2800.0, 7000.0)
PREDELAY_SECONDS = (0.002, 0.02)
WET_DB = (-15.0, 3.0)
"""Energy of the reverberation over the direct sound's: close to the microphone, up to across the room."""


@dataclass(frozen=True)
class Variation:
    """What is done to one copy of a clip; the defaults do nothing."""

    speed: float = 1.0
    pitch_semitones: float = 0.0
    shift: int = 0
    equalizer: Equalizer | None = None
    room: NDArray[np.float32] | None = None
    gain_db: float = 0.0
    noise: NDArray[np.float32] | None = None
    snr_db: float = 0.0


def augment(
    samples: NDArray[np.float32],
    spec: AugmentSpec,
    noises: Sequence[NDArray[np.float32]],
    sample_rate: int,
    rng: np.random.Generator,
    *,
    length: int | None = None,
) -> NDArray[np.float32]:
    """A varied copy of a clip: float32 (length,), peak at most 1; `length` defaults to that of `samples`.

    `samples` is float32 (n,) in [-1, 1], best uncut: the speed is changed before the window is chosen. `noises` are float32
    signals at `sample_rate`; without any, no noise is added.
    """
    length = len(samples) if length is None else length
    return apply(samples, draw(spec, noises, sample_rate, length, rng), sample_rate, length)


def draw(
    spec: AugmentSpec, noises: Sequence[NDArray[np.float32]], sample_rate: int, length: int, rng: np.random.Generator
) -> Variation:
    """Draw what to do to one copy of a clip of `length` samples."""
    most = round(spec.shift_ms * sample_rate / 1000)
    filtered, echoing, noisy = rng.random(3) < (spec.filter_probability, spec.reverb_probability, spec.noise_probability)
    return Variation(
        speed=rng.uniform(*spec.speed),
        pitch_semitones=rng.uniform(*spec.pitch_semitones),
        shift=int(rng.integers(-most, most + 1)),
        gain_db=rng.uniform(*spec.gain_db),
        equalizer=_draw_equalizer(spec.filter_db, rng) if filtered else None,
        room=_draw_room(spec.reverb_seconds, sample_rate, rng) if echoing else None,
        noise=cut_noise(noises, length, rng) if noisy and noises else None,
        snr_db=rng.uniform(*spec.snr_db),
    )


def apply(samples: NDArray[np.float32], variation: Variation, sample_rate: int, length: int) -> NDArray[np.float32]:
    """Do it: float32 (length,), peak at most 1."""
    samples = shift(fit_window(vary_voice(samples, variation), length), variation.shift)
    return vary_sound(samples, variation, sample_rate)


def vary_voice(samples: NDArray[np.float32], variation: Variation) -> NDArray[np.float32]:
    """The part that changes who speaks: speed and pitch. About n / speed samples."""
    if variation.speed != 1.0:
        samples = change_speed(samples, variation.speed)
    if variation.pitch_semitones:
        samples = change_pitch(samples, variation.pitch_semitones)
    return samples


def vary_sound(samples: NDArray[np.float32], variation: Variation, sample_rate: int) -> NDArray[np.float32]:
    """The part that changes where it is heard: microphone, room, level and noise. As many samples, peak at most 1."""
    if variation.equalizer is not None:
        samples = equalize(samples, variation.equalizer, sample_rate)
    if variation.room is not None:
        samples = reverberate(samples, variation.room)
    samples = samples * np.float32(decibels(variation.gain_db))
    if variation.noise is not None:
        samples = mix(samples, variation.noise, variation.snr_db, sample_rate)
    return limit(samples)


def mix(samples: NDArray[np.float32], noise: NDArray[np.float32], snr_db: float, sample_rate: int) -> NDArray[np.float32]:
    """`samples` plus `noise` (of the same length) turned to lie `snr_db` below the level of the speech.

    The speech's level is that of its active frames: padding around a word makes the noise no weaker. Noise that is digital
    silence stays so.
    """
    loudness = rms(noise)
    if not loudness:
        return samples
    return samples + noise * np.float32(active_rms(samples, sample_rate) * decibels(-snr_db) / loudness)


def _draw_equalizer(most_db: float, rng: np.random.Generator) -> Equalizer:
    gains = tuple(rng.uniform(-most_db, most_db, KNOTS).tolist())
    low, high = rng.uniform(*LOW_EDGE_HZ), rng.uniform(*HIGH_EDGE_HZ)
    cuts = rng.random(2) < BAND_LIMIT_PROBABILITY
    return Equalizer(gains, low if cuts[0] else 0.0, high if cuts[1] else float("inf"))


def _draw_room(t60: tuple[float, float], sample_rate: int, rng: np.random.Generator) -> NDArray[np.float32]:
    return room_response(rng.uniform(*t60), rng.uniform(*PREDELAY_SECONDS), rng.uniform(*WET_DB), sample_rate, rng)
