"""What tells speech from other sound, frame by frame: the built-in detector or an installed one."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.speech import EndpointSpec
from edge_asr.runtime.energy_voice import EnergyVoice
from edge_asr.runtime.voice_packages import SileroVoice, WebrtcVoice


class VoiceDetector(Protocol):
    """A causal detector with the state of one stream: what it says depends on the samples up to there alone."""

    frame_samples: int
    """It decides on frames of this length, one behind the other."""
    memory_seconds: float
    """So much of what came before helps it to decide."""

    def is_speech(self, samples: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(frames,) for the next whole frames, float64 (frames * frame_samples,) in [-1, 1)."""
        ...

    def reset(self) -> None:
        """Start over, after silence."""
        ...


def voice_detector(endpoint: EndpointSpec, sample_rate: int) -> VoiceDetector:
    """A new detector of the kind that `endpoint.gate` names, for audio at `sample_rate`.

    Raises `ConfigError` when its package is missing or does not take that rate.
    """
    if endpoint.gate == "webrtcvad":
        return WebrtcVoice(sample_rate)
    if endpoint.gate == "pysilero":
        return SileroVoice(sample_rate)
    return EnergyVoice(sample_rate, endpoint.margin_db)
