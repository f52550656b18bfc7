from __future__ import annotations

import io
import tracemalloc

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_asr.errors import AudioError
from edge_asr.runtime.wav import WavReader
from tests.runtime.wav_bytes import chunk, fmt, riff

SIZES = st.none() | st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 0x7FFFF000, 0xFFFFFFFF])
U16, U32 = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1)
FORMATS = st.one_of(
    st.binary(max_size=48),
    st.builds(
        fmt,
        tag=st.sampled_from([0, 1, 3, 6, 7, 0xFFFE]),
        channels=st.integers(0, 9) | U16,
        rate=st.sampled_from([0, 999, 8000, 16000, 44100, 768000]) | U32,
        bits=st.sampled_from([0, 8, 12, 16, 24, 32, 64]) | U16,
        frame_bytes=st.integers(0, 16) | U16,
    ),
)
CHUNKS = st.one_of(
    st.builds(chunk, st.just(b"fmt "), FORMATS),
    st.builds(chunk, st.sampled_from([b"fmt ", b"data", b"LIST", b"ds64"]), st.binary(max_size=64), SIZES),
    st.binary(max_size=20),
)
FILES = st.builds(lambda parts, size: riff(*parts, size=size), st.lists(CHUNKS, max_size=5), SIZES)
ALLOWED_BYTES = 4 << 20
"""A block of 64 KiB, as 8-bit samples, is 512 KiB in float64; a few of those, and what the test itself holds."""


def drain(content: bytes) -> None:
    """Read everything. Nothing but samples that are audio, or an AudioError, comes out of it."""
    message = "x: all read"
    # As for a file: a buffered reader allocates what it is asked for before it knows that less is there.
    stream = io.BufferedReader(io.BytesIO(content))
    try:
        for block in WavReader(stream, "x").blocks():
            assert block.dtype == np.float32
            assert block.size
            assert np.isfinite(block).all()
    except AudioError as err:
        message = str(err)
    assert message.startswith("x: ")
    assert "\n" not in message


@given(FILES)
@example(riff(chunk(b"fmt ", fmt(channels=65535, bits=8)), chunk(b"data", bytes(9), 2**30)))
@example(riff(chunk(b"LIST", b"", 2**30)))
@example(riff(chunk(b"fmt ", b"", 2**30)))
@settings(max_examples=400)
def test_any_header_ends_in_samples_or_an_audio_error(content):
    tracemalloc.start()
    try:
        drain(content)
        assert tracemalloc.get_traced_memory()[1] < ALLOWED_BYTES
    finally:
        tracemalloc.stop()


@given(st.data())
@settings(max_examples=200)
def test_a_good_file_that_was_damaged_anywhere(data):
    channels, bits = data.draw(st.sampled_from([(1, 16), (2, 24), (3, 8), (1, 32)]))
    form = chunk(b"fmt ", fmt(channels=channels, bits=bits))
    content = bytearray(riff(chunk(b"LIST", b"abc"), form, chunk(b"data", bytes(600))))
    for position in data.draw(st.lists(st.integers(0, 64), max_size=4)):
        content[position] = data.draw(st.integers(0, 255))
    drain(bytes(content[: data.draw(st.integers(0, len(content)))]))
