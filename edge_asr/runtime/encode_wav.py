"""Samples to the bytes of a WAV file."""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray


def encode_wav(samples: NDArray[np.float32], sample_rate: int) -> bytes:
    """16-bit mono WAV of `samples`, (n,) in [-1, 1): rounded half to even, clipped at the ends of the range."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, sample_rate, 0, "NONE", "NONE"))
        file.writeframes(np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2").tobytes())
    return content.getvalue()
