"""A WAV reader that trusts no header. It reads on in blocks, so that a pipe will do and memory does not grow with the file."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import AudioError
from edge_asr.frontend.pcm import check_samples

BLOCK_BYTES = 1 << 16
"""The most that one read asks for, unless a single frame is larger (65535 channels of 8 bytes)."""
RATES = (1000, 768000)
"""Sample rates that are believed, Hz."""
UNKNOWN_SIZE = 0x7FFFF000
"""Programs that write WAV to a pipe can't know its size. They put 0, or something from here up (SoX) to 0xFFFFFFFF (FFmpeg)."""
PCM, IEEE_FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
"""What follows the format tag in the sub-format of WAVE_FORMAT_EXTENSIBLE (KSDATAFORMAT_SUBTYPE_*)."""


@dataclass(frozen=True)
class WavFormat:
    """How a WAV file stores its samples."""

    sample_rate: int
    """Hz."""
    channels: int
    is_float: bool
    width: int
    """Bytes a sample: 1 (unsigned), 2, 3, 4 (signed), or 4, 8 (float)."""

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.channels * self.width


class WavReader:
    """Mono float32 samples of a WAV stream: PCM of 8, 16, 24 or 32 bits, float of 32 or 64 bits, channels averaged.

    The constructor reads up to the samples. Raises `AudioError` for anything else than such a file; what `blocks` finds
    out late (truncation, NaN) it raises after the samples before it.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.name = name
        self._stream = stream
        self.format, self._data_bytes = self._read_header()

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self.format.sample_rate

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """The samples from here to the end, float32 (n,) in [-1, 1), n of at least 1; float files may overshoot a little."""
        frame_bytes, done = self.format.frame_bytes, 0
        block_bytes = max(1, BLOCK_BYTES // frame_bytes) * frame_bytes
        while True:
            wanted = block_bytes if self._data_bytes is None else min(block_bytes, self._data_bytes - done)
            raw = self._read(wanted)
            whole = raw[: len(raw) // frame_bytes * frame_bytes]
            if whole:
                yield self._decode(whole, done)
            done += len(raw)
            if len(raw) < wanted or len(raw) < block_bytes:
                break
        if self._data_bytes is not None and done < self._data_bytes:
            raise self._error(f"expected {self._data_bytes} bytes of samples, found {done}: the file is truncated")
        if done < frame_bytes:
            raise self._error("expected samples, found none: the recording is empty")

    def _decode(self, raw: bytes, offset: int) -> NDArray[np.float32]:
        samples = decode(raw, self.format)
        try:
            check_samples(samples)
        except AudioError as err:
            seconds = offset / self.format.frame_bytes / self.sample_rate
            raise self._error(f"{err} (in the samples from {seconds:.1f} s on)") from err
        return samples

    def _read_header(self) -> tuple[WavFormat, int | None]:
        """The format, and the bytes of samples that follow (None: as many as come)."""
        magic = self._read(12)
        if len(magic) < 12 or magic[:4] != b"RIFF" or magic[8:] != b"WAVE":
            raise self._error(f"expected a WAV file (RIFF....WAVE), found {magic[:12]!r}; convert it to WAV")
        riff_size, position = struct.unpack("<I", magic[4:8])[0], 12
        wav_format: WavFormat | None = None
        while True:
            head = self._read(8)
            if len(head) < 8:
                missing = "'data' chunk" if wav_format else "'fmt ' chunk"
                raise self._error(f"expected a {missing}, found the end of the file: it is damaged or truncated")
            kind, size = head[:4], struct.unpack("<I", head[4:])[0]
            position += 8
            if kind == b"data":
                break
            body = self._read_chunk(size)
            position += size + size % 2
            if kind == b"fmt ":
                wav_format = self._parse_format(body)
        if wav_format is None:
            raise self._error("expected a 'fmt ' chunk before the samples, found none: the file is damaged")
        # 0 is believed only when the RIFF header speaks of more to come, an empty recording with notes behind it.
        empty = size == 0 and position < riff_size + 8 < UNKNOWN_SIZE
        return wav_format, (size if empty or 0 < size < UNKNOWN_SIZE else None)

    def _read_chunk(self, size: int) -> bytes:
        """The start of a chunk that is not samples, enough for any format; the rest is skipped, with its padding byte."""
        body = self._read(min(size, 40))
        left = size - len(body) + size % 2
        while left > 0:
            skipped = len(self._read(min(left, BLOCK_BYTES)))
            if not skipped:
                raise self._error(f"expected {left} more bytes of a chunk, found the end of the file: it is truncated")
            left -= skipped
        return body

    def _parse_format(self, body: bytes) -> WavFormat:
        if len(body) < 16:
            raise self._error(f"expected a 'fmt ' chunk of at least 16 bytes, found {len(body)}")
        tag, channels, rate, _, frame_bytes, bits = struct.unpack("<HHIIHH", body[:16])
        if tag == EXTENSIBLE and len(body) >= 40 and body[26:40] == GUID_TAIL:
            tag = struct.unpack("<H", body[24:26])[0]
        if not RATES[0] <= rate <= RATES[1]:
            raise self._error(f"expected a sample rate of {RATES[0]} to {RATES[1]} Hz, found {rate}")
        # The container counts, not the valid bits: 20-bit samples sit at the top of 24 bits.
        width = frame_bytes // channels if channels else 0
        fits = width * channels == frame_bytes and 8 * (width - 1) < bits <= 8 * width
        if not fits or width not in {PCM: (1, 2, 3, 4), IEEE_FLOAT: (4, 8)}.get(tag, ()):
            raise self._error(
                "expected PCM of 8, 16, 24 or 32 bits or float of 32 or 64 bits, found "
                f"format {tag:#x}, {bits} bits, {channels} channels in {frame_bytes} bytes; convert it to 16-bit PCM"
            )
        return WavFormat(sample_rate=rate, channels=channels, is_float=tag == IEEE_FLOAT, width=width)

    def _read(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end (a pipe gives them piece by piece)."""
        pieces = []
        try:
            while size > 0 and (piece := self._stream.read(size)):
                pieces.append(piece)
                size -= len(piece)
        except OSError as err:
            raise self._error(f"can't be read: {err.strerror or err}") from err
        return b"".join(pieces)

    def _error(self, message: str) -> AudioError:
        return AudioError(f"{self.name}: {message}")


def decode(raw: bytes, wav_format: WavFormat) -> NDArray[np.float32]:
    """Stored frames to mono float32 (frames,): integers by full scale to [-1, 1), channels by their mean."""
    width = wav_format.width
    values: NDArray[np.float64]
    if wav_format.is_float:
        values = np.frombuffer(raw, f"<f{width}").astype(np.float64)
    elif width == 1:
        values = np.frombuffer(raw, np.uint8).astype(np.float64) / 128.0 - 1.0
    elif width == 3:
        shifted = np.zeros((len(raw) // 3, 4), np.uint8)
        shifted[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        values = shifted.view("<i4")[:, 0].astype(np.float64) / 2.0**31
    else:
        values = np.frombuffer(raw, f"<i{width}").astype(np.float64) / 2.0 ** (8 * width - 1)
    # Infinities, from the file or from its too large numbers, are the caller's to refuse.
    with np.errstate(over="ignore", invalid="ignore"):
        mono: NDArray[np.float64] = values.reshape(-1, wav_format.channels).mean(axis=1)
        return mono.astype(np.float32)


def read_wav(path: Path) -> tuple[NDArray[np.float32], int]:
    """A whole WAV file: mono float32 (n,) in [-1, 1), and its sample rate in Hz. Raises `AudioError`."""
    with open_file(path) as stream:
        reader = WavReader(stream, str(path))
        return np.concatenate(list(reader.blocks())), reader.sample_rate


def open_file(path: Path) -> BinaryIO:
    """Open an audio file for reading. Raises `AudioError` when that fails."""
    try:
        return path.open("rb")
    except OSError as err:
        raise AudioError(f"{path}: can't be opened: {err.strerror or err}") from err
