"""Reading one audio file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import AudioError
from edge_asr.frontend.pcm import check_samples
from edge_asr.frontend.resample import resample

SUFFIXES = (".wav", ".flac")
"""What the readers of data sets look for (`read_audio` itself takes whatever libsndfile reads)."""
LARGEST = 60_000_000
"""Samples over all channels that one file may hold: ten minutes of stereo at 48 kHz. A header that claims more is refused
before anything is allocated for it."""


def read_audio(path: Path, sample_rate: int) -> NDArray[np.float32]:
    """The file's sound as float32 (n,) mono in [-1, 1] at `sample_rate` Hz: channels averaged, other rates resampled.

    Raises `AudioError` when the file is missing, unreadable, empty, longer than `LARGEST`, or holds NaN.
    """
    values, rate = _decode(path)
    mono = values.mean(axis=1, dtype=np.float32) if values.shape[1] > 1 else values[:, 0]
    try:
        check_samples(mono)
        return mono if rate == sample_rate else resample(mono, rate, sample_rate)
    except AudioError as err:
        raise AudioError(f"{path}: {err}") from err


def _decode(path: Path) -> tuple[NDArray[np.float32], int]:
    """float32 (n, channels) and the rate in Hz."""
    soundfile = _soundfile()
    try:
        with soundfile.SoundFile(path) as file:
            if file.frames * file.channels > LARGEST:
                raise AudioError(
                    f"{path}: expected at most {LARGEST} samples, found {file.frames} x {file.channels}; cut it into clips"
                )
            values, rate = file.read(dtype="float32", always_2d=True), file.samplerate
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as err:
        # The libraries' own messages repeat the path, which must not get into what leaves this machine.
        reason = getattr(err, "error_string", None) or getattr(err, "strerror", None) or str(err)
        raise AudioError(f"{path}: expected a readable WAV or FLAC file, found: {reason}") from err
    if not len(values):
        raise AudioError(f"{path}: expected sound, found a file without samples")
    return values, rate


def _soundfile() -> Any:
    try:
        import soundfile
    except (ModuleNotFoundError, OSError) as err:
        raise AudioError(f"reading audio files needs soundfile ({err}): pip install 'edge-asr[host]'") from err
    return soundfile
