"""The conditions that bundles are measured in: the same recordings as they came, in noise, from afar, quiet, by telephone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.augment import mix
from edge_asr.data.level import active_rms, decibels, limit
from edge_asr.data.noise import cut_noise
from edge_asr.data.spectral import reverberate, room_response
from edge_asr.data.telephone import telephone

FAR_T60_SECONDS = (0.5, 0.8)
FAR_PREDELAY_SECONDS = (0.002, 0.02)
FAR_WET_DB = (3.0, 6.0)
"""Energy of the reverberation over the direct sound's: beyond the critical distance, where the room is louder than the voice."""
QUIET_DB = -30.0
PAD_SECONDS = 1.0
"""Digital silence before and after each recording; noise and reverberation go through it."""


@dataclass(frozen=True)
class Condition:
    """What is done to a recording before the engine hears it."""

    name: str
    snr_db: float | None = None
    """Noise so many dB below the speech's level."""
    far: bool = False
    gain_db: float = 0.0
    telephone: bool = False
    """All of it, noise and room too, goes through a telephone."""


CLEAN = Condition("clean")
NOISY = tuple(Condition(f"noise {snr} dB", snr_db=snr) for snr in (20, 10, 5))
FAR = Condition("far", far=True)
CONDITIONS = (CLEAN, *NOISY, FAR, Condition("quiet", gain_db=QUIET_DB))
"""Of wake words."""
SPEECH_CONDITIONS = (CLEAN, *NOISY, Condition("telephone", telephone=True), FAR)
"""Of recognisers."""


def render(
    samples: NDArray[np.float32],
    condition: Condition,
    noises: Sequence[NDArray[np.float32]],
    sample_rate: int,
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    """`samples`, float32 (n,) in [-1, 1], padded by a second on both sides, under `condition`, as a 16-bit microphone gives it.

    `noises`: float32 signals at `sample_rate`, at least one where the condition has noise. The signal-to-noise ratio is that of
    the speech's active frames to the whole of the noise (`data.augment.mix`). From afar the level of the speech stays, so that
    the room alone is measured.
    """
    sound = np.pad(samples, round(PAD_SECONDS * sample_rate)).astype(np.float32)
    if condition.far:
        room = room_response(
            rng.uniform(*FAR_T60_SECONDS), rng.uniform(*FAR_PREDELAY_SECONDS), rng.uniform(*FAR_WET_DB), sample_rate, rng
        )
        level = active_rms(sound, sample_rate)
        sound = reverberate(sound, room)
        sound = sound * np.float32(level / max(active_rms(sound, sample_rate), 1e-9))
    sound = sound * np.float32(decibels(condition.gain_db))
    if condition.snr_db is not None:
        sound = mix(sound, cut_noise(noises, len(sound), rng), condition.snr_db, sample_rate)
    if condition.telephone:
        sound = telephone(limit(sound), sample_rate)
    return to_int16(limit(sound))


def to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Samples in [-1, 1] as a 16-bit microphone delivers them: rounded half to even, clipped."""
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)
