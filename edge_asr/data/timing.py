"""Transforms in time: shift, speed, pitch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_asr.frontend.resample import resample

RATE = 48000
"""Any rate does: only the ratio of two counts. This one resolves a factor to 1 in 48,000."""
FRAME, HOP, SEARCH = 512, 256, 160
"""Frame, hop and largest displacement of WSOLA in samples: 32, 16 and 10 ms at 16 kHz."""
SILENT = 1e-9
"""Power of a frame that is as good as none."""


def shift(samples: NDArray[np.float32], offset: int) -> NDArray[np.float32]:
    """`samples` moved by `offset` samples (later when positive), with zeros moving in; the length stays."""
    offset = max(-len(samples), min(len(samples), offset))
    result = np.zeros_like(samples)
    if offset >= 0:
        result[offset:] = samples[: len(samples) - offset]
    else:
        result[:offset] = samples[-offset:]
    return result


def change_speed(samples: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Faster by `factor`, tempo and pitch together, by resampling: about n / factor samples."""
    return resample(samples, round(RATE * factor), RATE)


def change_pitch(samples: NDArray[np.float32], semitones: float) -> NDArray[np.float32]:
    """Higher by `semitones` at the same tempo: stretched in time, then played faster. About n samples."""
    factor = 2.0 ** (semitones / 12.0)
    return change_speed(stretch(samples, factor), factor)


def stretch(samples: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Longer by `factor` at the same pitch: round(n * factor) samples.

    WSOLA (Verhelst and Roelands, ICASSP 1993): frames are taken from where they belong, give or take 10 ms, so that each goes
    on as the one before it would have.
    """
    length = round(len(samples) * factor)
    window = np.hanning(FRAME + 1)[:-1]
    padded = np.pad(samples, (HOP + SEARCH, 2 * FRAME + SEARCH))
    result = np.zeros(length + 2 * FRAME)
    following = SEARCH
    for place in range(0, length + HOP, HOP):
        earliest = round(place / factor)
        area = padded[earliest : earliest + FRAME + 2 * SEARCH]
        start = earliest + _most_alike(area, padded[following : following + FRAME])
        result[place : place + FRAME] += window * padded[start : start + FRAME]
        following = start + HOP
    return result[HOP : HOP + length].astype(np.float32)


def _most_alike(area: NDArray[np.float32], frame: NDArray[np.float32]) -> int:
    """Where in `area` the normalised cross-correlation with `frame` is largest; the middle where there is only silence."""
    likeness = np.correlate(area, frame, "valid")
    power = np.cumsum(np.square(np.pad(area, (1, 0)), dtype=np.float64))
    likeness = likeness / np.sqrt(power[len(frame) :] - power[: -len(frame)] + SILENT)
    best = int(np.argmax(likeness))
    return best if likeness[best] > SILENT else SEARCH
