"""Reading one audio file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
LONGEST = 31 * 86400.0
"""Seconds that a file may last whose excerpts are read; a header of a broken-off stream may claim thousands of years."""


def read_audio(path: Path, sample_rate: int) -> NDArray[np.float32]:
    """The file's sound as float32 (n,) mono in [-1, 1] at `sample_rate` Hz: channels averaged, other rates resampled.

    Raises `AudioError` when the file is missing, unreadable, empty, longer than `LARGEST`, or holds NaN.
    """
    values, rate = _decode(path)
    return _mono(path, values, rate, sample_rate)


def read_excerpt(path: Path, sample_rate: int, start: float, seconds: float) -> NDArray[np.float32]:
    """`seconds` of the file's sound from `start` (seconds) on, like `read_audio`; fewer where the file ends before.

    Only this part is decoded: the file may hold hours. Raises `AudioError` as `read_audio` does, and where nothing is left.
    """
    values, rate = _decode(path, start, seconds)
    return _mono(path, values, rate, sample_rate)


def audio_seconds(path: Path) -> float:
    """How long the file says it is; nothing is decoded. Raises `AudioError` when it is missing, unreadable or empty."""
    with _opened(path) as file:
        seconds = float(file.frames / file.samplerate)
    if not 0 < seconds < LONGEST:
        raise AudioError(f"{path}: expected sound, at most a month of it, found a header that claims {seconds:g} seconds")
    return seconds


def _mono(path: Path, values: NDArray[np.float32], rate: int, sample_rate: int) -> NDArray[np.float32]:
    mono = values.mean(axis=1, dtype=np.float32) if values.shape[1] > 1 else values[:, 0]
    try:
        check_samples(mono)
        return mono if rate == sample_rate else resample(mono, rate, sample_rate)
    except AudioError as err:
        raise AudioError(f"{path}: {err}") from err


def _decode(path: Path, start: float = 0.0, seconds: float | None = None) -> tuple[NDArray[np.float32], int]:
    """float32 (n, channels) and the rate in Hz."""
    with _opened(path) as file:
        rate = file.samplerate
        begin = min(round(start * rate), file.frames)
        frames = file.frames - begin if seconds is None else min(round(seconds * rate), file.frames - begin)
        if frames * file.channels > LARGEST:
            raise AudioError(f"{path}: expected at most {LARGEST} samples, found {frames} x {file.channels}; cut it into clips")
        if begin:
            file.seek(begin)
        values = file.read(frames, dtype="float32", always_2d=True)
    if not len(values):
        raise AudioError(f"{path}: expected sound, found a file without samples" + (f" after {start:.1f} s" if start else ""))
    return values, rate


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The file, open for decoding; what goes wrong meanwhile becomes an `AudioError`."""
    soundfile = _soundfile()
    try:
        with soundfile.SoundFile(path) as file:
            yield file
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as err:
        # The libraries' own messages repeat the path, which must not get into what leaves this machine.
        reason = getattr(err, "error_string", None) or getattr(err, "strerror", None) or str(err)
        raise AudioError(f"{path}: expected a readable WAV or FLAC file, found: {reason}") from err


def _soundfile() -> Any:
    try:
        import soundfile
    except (ModuleNotFoundError, OSError) as err:
        raise AudioError(f"reading audio files needs soundfile ({err}): pip install 'edge-asr[host]'") from err
    return soundfile
