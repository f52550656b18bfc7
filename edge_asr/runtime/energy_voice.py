"""Speech by its level alone: how far sound stands out of the noise of the last seconds, band by band.

The noise floor is the minimum of the smoothed power in each band, corrected for the bias of a minimum, as in Martin, "Noise power
spectral density estimation based on optimal smoothing and minimum statistics" (IEEE Trans. Speech and Audio Processing 9, 2001),
with a fixed smoothing. It falls at once and follows noise that grows after `FLOOR_SECONDS`.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edge_asr.runtime.speech_level import AVERAGED, FAINTEST, HOP_SECONDS, band_edges, band_powers

FLOOR_SECONDS = 3.0
"""The floor is the quietest of this long. Somebody who reads aloud makes a pause, or a closure, more often."""
QUIET_ROOM = 1e-6
"""Power of a band, -60 dBFS: the floor at most while nothing is known of the room, after digital silence."""
LEAST_FLOOR = 1e-8
"""Power of a band, -80 dBFS: no microphone in a room is quieter. Noise suppression, and recordings without treble, leave next to
nothing in some bands for a while, and whatever came then would stand out of that for `FLOOR_SECONDS`."""
UNKNOWN_SECONDS = 1.0
"""So long a stream is taken to be in a quiet room at its beginning, so that speech at once is speech; then it must show."""
BIAS_DB = 8.3
"""The minimum of noise lies by `BIAS_DB / sqrt(bandwidth * frame length)` below its mean, measured with white noise, `AVERAGED`
frames and `FLOOR_SECONDS`, to 0.3 dB in all bands."""


class EnergyVoice:
    """The built-in `VoiceDetector`. What counts is the ratio to the floor, at any level above `LEAST_FLOOR`."""

    memory_seconds = FLOOR_SECONDS

    def __init__(self, sample_rate: int, margin_db: float) -> None:
        """What stands out of the floor by more than `margin_db` (mean of the bands) is speech; steady noise stays below 4."""
        self._rate = sample_rate
        self.frame_samples = round(HOP_SECONDS * sample_rate)
        edges = band_edges(sample_rate)
        self._bias = 10.0 ** (BIAS_DB / np.sqrt(np.diff(edges) * 2 * HOP_SECONDS) / 10.0)
        self._threshold = 10.0 ** (margin_db / 10.0)
        self.reset()

    def reset(self) -> None:
        """Start over, after silence in a quiet room."""
        bands = len(self._bias)
        self._last = np.zeros(self.frame_samples)
        self._powers = np.full((AVERAGED - 1, bands), np.inf)  # not yet known: no speech, and no floor either
        self._smooth = np.full((round(FLOOR_SECONDS / HOP_SECONDS) - 1, bands), np.inf)
        self._smooth[: round(UNKNOWN_SECONDS / HOP_SECONDS)] = QUIET_ROOM  # the oldest: they are forgotten first

    def is_speech(self, samples: NDArray[np.float64]) -> NDArray[np.bool_]:
        """See `VoiceDetector`. Frames are 10 ms long; each is judged with the 50 ms before it."""
        count = len(samples) // self.frame_samples
        if not count:
            return np.zeros(0, np.bool_)
        fresh = band_powers(np.concatenate((self._last, samples)), self._rate)
        powers = np.concatenate((self._powers, fresh))
        # Summed in a fixed order, so that the same frames give the same bits however many come at once.
        smooth = np.add.reduce([powers[age : age + count] for age in range(AVERAGED)]) / AVERAGED
        sounding = smooth.sum(axis=1, keepdims=True) > FAINTEST
        history = np.concatenate((self._smooth, np.where(sounding, np.maximum(smooth, FAINTEST), QUIET_ROOM)))
        least = sliding_window_view(history, len(self._smooth) + 1, axis=0).min(axis=-1) * self._bias
        self._last = samples[-self.frame_samples :].copy()
        self._powers, self._smooth = powers[count:], history[count:]
        ratio = (smooth / np.maximum(least, LEAST_FLOOR)).mean(axis=1)
        return np.asarray((ratio > self._threshold) & (ratio < np.inf))
