"""WAV files put together by hand, so that a test can lie anywhere in them."""

from __future__ import annotations

import struct

GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def fmt(tag=1, channels=1, rate=16000, bits=16, frame_bytes=None, valid_bits=None) -> bytes:
    """The body of a 'fmt ' chunk; with `valid_bits` in the extensible form."""
    frame_bytes = channels * ((bits + 7) // 8) if frame_bytes is None else frame_bytes
    if valid_bits is None:
        return struct.pack("<HHIIHH", tag, channels, rate, rate * frame_bytes & 0xFFFFFFFF, frame_bytes, bits)
    plain = struct.pack("<HHIIHH", 0xFFFE, channels, rate, rate * frame_bytes, frame_bytes, bits)
    return plain + struct.pack("<HHIH", 22, valid_bits, 0, tag) + GUID_TAIL


def chunk(kind: bytes, body: bytes, size: int | None = None) -> bytes:
    """A chunk, with its padding byte; `size` replaces the true size in its header."""
    return kind + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def riff(*chunks: bytes, size: int | None = None) -> bytes:
    """A RIFF file of these chunks; `size` replaces the true size in its header."""
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body
