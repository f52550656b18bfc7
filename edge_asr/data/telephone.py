"""What a telephone leaves of a voice: a narrow band, and 8 bits a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.spectral import Equalizer, equalize
from edge_asr.frontend.resample import resample

TELEPHONE_RATE = 8000
"""Hz."""
BAND = Equalizer((0.0, 0.0), low_hz=300.0, high_hz=3400.0)
MU = 255.0


def telephone(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """`samples`, float32 (n,) in [-1, 1] at `sample_rate` Hz, as they come out of a telephone: (n,) at the same rate.

    300 to 3400 Hz at 8 kHz, coded with mu-law (ITU-T G.711). Raises `AudioError` where soxr is missing.
    """
    if not len(samples):
        return samples
    narrow = resample(equalize(samples, BAND, sample_rate), sample_rate, TELEPHONE_RATE)
    wide = resample(mu_law(narrow), TELEPHONE_RATE, sample_rate)
    return np.pad(wide, (0, max(0, len(samples) - len(wide))))[: len(samples)]


def mu_law(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """`samples` (n,) rounded to the 255 levels of the continuous mu-law; what is outside of [-1, 1] is clipped."""
    inside = np.clip(samples, -1.0, 1.0)
    companded = np.rint(127 * np.sign(inside) * np.log1p(MU * np.abs(inside)) / np.log1p(MU)) / 127
    return np.asarray(np.sign(companded) * np.expm1(np.abs(companded) * np.log1p(MU)) / MU, np.float32)
