"""Where audio comes from: WAV files, raw PCM from a pipe, the microphone; and any of them at another rate."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import AudioError
from edge_asr.frontend.resample import StreamingResampler
from edge_asr.runtime.events import Overrun, SourceBack, SourceLost
from edge_asr.runtime.wav import RATES, WavReader, open_file

Incident: TypeAlias = Overrun | SourceLost | SourceBack
"""What can happen to a source. A source knows no stream: `time` is 0, for the listener to fill in."""

POLL_SECONDS = 0.2
"""A source that waits for audio gives an empty chunk this often, so that its reader can look at other things."""
READ_BYTES = 1 << 16
"""What one read from a pipe takes at most; it takes what is there."""


class AudioSource(Protocol):
    """Mono audio that comes in pieces. It ends, or goes on until it is closed."""

    name: str
    """For people: a path, a device's name."""
    sample_rate: int
    """Hz."""

    def chunks(self) -> Iterator[NDArray[Any] | Incident]:
        """Samples, (n,) int16 or float32 in [-1, 1), n of 0 or more, and incidents, in their order. Raises `AudioError`."""
        ...

    def close(self) -> None:
        """Let go of the file or device."""
        ...


class WavSource:
    """A WAV file, or a pipe of that form. Raises `AudioError` at once when it is none."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._stream = open_file(path)
        try:
            self._reader = WavReader(self._stream, self.name)
        except BaseException:
            self._stream.close()
            raise
        self.sample_rate = self._reader.sample_rate

    def chunks(self) -> Iterator[NDArray[Any] | Incident]:
        """The file's samples, as fast as they are taken; the file is closed at its end."""
        try:
            yield from self._reader.blocks()
        finally:
            self.close()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class PcmSource:
    """Raw mono 16-bit little-endian samples from a file descriptor; without a header, so its rate must be told."""

    def __init__(self, descriptor: int, sample_rate: int, name: str = "stdin") -> None:
        if not RATES[0] <= sample_rate <= RATES[1]:
            raise AudioError(f"{name}: expected a sample rate of {RATES[0]} to {RATES[1]} Hz, found {sample_rate}")
        self.name, self.sample_rate = name, sample_rate
        self._descriptor = descriptor

    def chunks(self) -> Iterator[NDArray[Any] | Incident]:
        """What is written to the other end, as soon as it comes."""
        rest, heard = b"", False
        while True:
            if not select.select([self._descriptor], [], [], POLL_SECONDS)[0]:
                yield np.zeros(0, np.int16)
                continue
            try:
                fresh = os.read(self._descriptor, READ_BYTES)
            except OSError as err:
                raise AudioError(f"{self.name}: can't be read: {err.strerror}") from err
            if not fresh:
                break
            raw = rest + fresh
            if not heard and raw[:4] == b"RIFF":
                raise AudioError(f"{self.name}: expected raw samples, found a WAV file; pass its path (or /dev/stdin)")
            heard = True
            whole = len(raw) // 2 * 2
            rest = raw[whole:]
            yield np.frombuffer(raw[:whole], "<i2").astype(np.int16, copy=False)
        if rest or not heard:
            found = "half a sample at the end" if rest else "nothing"
            raise AudioError(f"{self.name}: expected raw 16-bit little-endian mono samples, found {found}")

    def close(self) -> None:
        """The descriptor is its owner's to close."""


class ResampledSource:
    """Another source at another rate. Raises `AudioError` when soxr is not installed."""

    def __init__(self, source: AudioSource, sample_rate: int) -> None:
        self.name, self.sample_rate = source.name, sample_rate
        self._source = source
        self._resampler = StreamingResampler(source.sample_rate, sample_rate)

    def chunks(self) -> Iterator[NDArray[Any] | Incident]:
        """The source's chunks and incidents, resampled."""
        for item in self._source.chunks():
            if isinstance(item, np.ndarray):
                yield self._resampler.accept(item)
            elif isinstance(item, Overrun):
                yield replace(item, samples=round(item.samples * self.sample_rate / self._source.sample_rate))
            else:
                yield item
        yield self._resampler.finish()

    def close(self) -> None:
        """Close the source."""
        self._source.close()


def at_rate(source: AudioSource, sample_rate: int) -> AudioSource:
    """`source` at `sample_rate`: itself where that is its rate, else resampled. Raises `AudioError`, and then closes it."""
    if source.sample_rate == sample_rate:
        return source
    try:
        return ResampledSource(source, sample_rate)
    except AudioError as err:
        source.close()
        raise AudioError(f"{source.name}: {err}") from err
