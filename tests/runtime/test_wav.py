from __future__ import annotations

import io
import struct
import wave

import numpy as np
import pytest

from edge_asr.errors import AudioError
from edge_asr.runtime.wav import BLOCK_BYTES, WavReader, read_wav
from tests.runtime.wav_bytes import chunk, fmt, riff

RAMP = np.linspace(-1.0, 0.99, 1001)


def read(content: bytes) -> tuple[np.ndarray, int]:
    reader = WavReader(io.BytesIO(content), "x.wav")
    blocks = list(reader.blocks())
    assert all(block.dtype == np.float32 and block.ndim == 1 and block.size for block in blocks)
    return np.concatenate(blocks), reader.sample_rate


def packed(values: np.ndarray, bits: int) -> bytes:
    """Samples in [-1, 1) as integers of that many bits, as a WAV file has them."""
    full = np.rint(values * 2.0 ** (bits - 1)).astype(np.int64)
    if bits == 8:
        return (full + 128).astype(np.uint8).tobytes()
    return b"".join(int(v).to_bytes(bits // 8, "little", signed=True) for v in full)


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_integers_are_divided_by_full_scale(bits):
    samples, rate = read(riff(chunk(b"fmt ", fmt(bits=bits, rate=22050)), chunk(b"data", packed(RAMP, bits))))
    assert (rate, len(samples)) == (22050, len(RAMP))
    assert samples[0] == -1.0
    # half a step of the stored integers, and of float32 where those are finer
    np.testing.assert_allclose(samples, RAMP, atol=max(2.0**-bits, 2.0**-24))


@pytest.mark.parametrize("width", [4, 8])
def test_floats_are_taken_as_they_are(width):
    content = riff(chunk(b"fmt ", fmt(tag=3, bits=8 * width)), chunk(b"data", RAMP.astype(f"<f{width}").tobytes()))
    np.testing.assert_array_equal(read(content)[0], RAMP.astype(np.float32))


@pytest.mark.parametrize(("width", "channels"), [(1, 1), (2, 1), (2, 2), (3, 2), (4, 3)])
def test_files_of_the_standard_library(tmp_path, width, channels):
    rng = np.random.default_rng(width)
    values = rng.uniform(-0.9, 0.9, (500, channels))
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(44100)
        file.writeframes(packed(values.ravel(), 8 * width))
    samples, rate = read_wav(tmp_path / "a.wav")
    assert rate == 44100
    np.testing.assert_allclose(samples, values.mean(axis=1), atol=2.0 ** -(8 * width) + 2.0**-24)  # half a stored step


def test_extensible_format_with_20_valid_bits_in_24():
    raw = packed(RAMP, 24)
    content = riff(chunk(b"fmt ", fmt(bits=24, valid_bits=20)), chunk(b"data", raw))
    plain = riff(chunk(b"fmt ", fmt(bits=24)), chunk(b"data", raw))
    np.testing.assert_array_equal(read(content)[0], read(plain)[0])


def test_extensible_float():
    content = riff(chunk(b"fmt ", fmt(tag=3, bits=32, valid_bits=32)), chunk(b"data", RAMP.astype("<f4").tobytes()))
    np.testing.assert_array_equal(read(content)[0], RAMP.astype(np.float32))


def test_an_extensible_format_of_another_maker_is_refused():
    body = fmt(bits=16, valid_bits=16)[:-1] + b"?"
    with pytest.raises(AudioError, match="format 0xfffe"):
        read(riff(chunk(b"fmt ", body), chunk(b"data", packed(RAMP, 16))))


def test_odd_chunks_before_the_samples_are_skipped():
    notes = chunk(b"LIST", b"x" * 100_001), chunk(b"junk", b""), chunk(b"odd ", b"y")
    raw = packed(RAMP, 16)
    expected, _ = read(riff(chunk(b"fmt ", fmt()), chunk(b"data", raw)))
    samples, _ = read(riff(notes[0], chunk(b"fmt ", fmt() + b"\0\0"), *notes[1:], chunk(b"data", raw), chunk(b"id3 ", b"zzz")))
    np.testing.assert_array_equal(samples, expected)


@pytest.mark.parametrize("riff_size", [0, 0xFFFFFFFF, 0x7FFFF024, 36])
@pytest.mark.parametrize("data_size", [0, 0xFFFFFFFF, 0x7FFFF000])
def test_streamed_files_are_read_to_their_end(riff_size, data_size):
    raw = packed(RAMP, 16)
    content = riff(chunk(b"fmt ", fmt()), chunk(b"data", raw + b"\7", data_size)[:-1], size=riff_size)
    np.testing.assert_allclose(read(content)[0], RAMP, atol=2.0**-16)  # half a stored step; the odd byte is dropped


def test_a_streamed_file_whose_header_counts_only_itself():
    raw, odd = packed(RAMP, 16), chunk(b"LIST", b"odd")
    content = riff(odd, chunk(b"fmt ", fmt()), chunk(b"data", raw, 0), size=36 + len(odd))
    assert len(read(content)[0]) == len(RAMP)


def test_a_lying_riff_size_is_ignored():
    raw = packed(RAMP, 16)
    for size in (0, 5, 10**9):
        assert len(read(riff(chunk(b"fmt ", fmt()), chunk(b"data", raw), size=size))[0]) == len(RAMP)


def test_an_empty_recording_with_notes_behind_it_is_empty():
    with pytest.raises(AudioError, match="recording is empty"):
        read(riff(chunk(b"fmt ", fmt()), chunk(b"data", b""), chunk(b"LIST", b"some notes")))


def test_long_files_come_in_small_blocks():
    raw = bytes(4 * BLOCK_BYTES + 6)
    blocks = list(WavReader(io.BytesIO(riff(chunk(b"fmt ", fmt(channels=3)), chunk(b"data", raw))), "x").blocks())
    assert sum(map(len, blocks)) == len(raw) // 6
    assert max(map(len, blocks)) * 6 <= BLOCK_BYTES


def test_a_pipe_gives_bytes_piece_by_piece():
    class Pipe(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 7))

    content = riff(chunk(b"fmt ", fmt()), chunk(b"data", packed(RAMP, 16)))
    samples = np.concatenate(list(WavReader(Pipe(content), "pipe").blocks()))
    np.testing.assert_array_equal(samples, read(content)[0])


FMT = chunk(b"fmt ", fmt())
BAD = {
    "nothing": (b"", "expected a WAV file"),
    "text": (b"hello, this is no audio", "expected a WAV file"),
    "big-endian": (b"RIFX" + riff(FMT)[4:], "expected a WAV file"),
    "only a header": (riff(), "'fmt ' chunk, found the end"),
    "no samples": (riff(FMT), "'data' chunk, found the end"),
    "no format": (riff(chunk(b"data", b"\0\0")), "'fmt ' chunk before the samples"),
    "short format": (riff(chunk(b"fmt ", b"\1\0\1\0"), chunk(b"data", b"\0\0")), "at least 16 bytes"),
    "cut in a chunk": (riff(chunk(b"LIST", b"abc", 2**31)), "more bytes of a chunk"),
    "truncated": (riff(FMT, chunk(b"data", bytes(1000), 2000)), "expected 2000 bytes of samples, found 1000"),
    "empty": (riff(FMT, chunk(b"data", b"")), "recording is empty"),
    "half a sample": (riff(FMT, chunk(b"data", b"\1")), "recording is empty"),
    "no channels": (riff(chunk(b"fmt ", fmt(channels=0)), chunk(b"data", bytes(8))), "0 channels"),
    "lying frame size": (riff(chunk(b"fmt ", fmt(frame_bytes=3)), chunk(b"data", bytes(8))), "in 3 bytes"),
    "a-law": (riff(chunk(b"fmt ", fmt(tag=6, bits=8)), chunk(b"data", bytes(8))), "format 0x6"),
    "64-bit integers": (riff(chunk(b"fmt ", fmt(bits=64)), chunk(b"data", bytes(8))), "64 bits"),
    "16-bit floats": (riff(chunk(b"fmt ", fmt(tag=3, bits=16)), chunk(b"data", bytes(8))), "16 bits"),
    "no rate": (riff(chunk(b"fmt ", fmt(rate=0)), chunk(b"data", bytes(8))), "sample rate of 1000 to 768000 Hz, found 0"),
    "huge rate": (riff(chunk(b"fmt ", fmt(rate=4_000_000_000)), chunk(b"data", bytes(8))), "found 4000000000"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_named_with_what_is_wrong(kind):
    content, message = BAD[kind]
    with pytest.raises(AudioError, match=message) as caught:
        read(content)
    assert str(caught.value).startswith("x.wav: ")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300, 32767.0])
def test_values_that_are_no_audio_are_refused_with_their_time(value):
    values = np.zeros(48000)
    values[40000] = value
    content = riff(chunk(b"fmt ", fmt(tag=3, bits=64, rate=8000)), chunk(b"data", values.tobytes()))
    # 4.1 s: where the block of 8192 samples that has it starts
    with pytest.raises(AudioError, match=r"x\.wav: .* \(in the samples from 4\.1 s on\)"):
        read(content)


def test_samples_before_a_truncation_are_given():
    blocks = WavReader(io.BytesIO(riff(FMT, chunk(b"data", packed(RAMP, 16), 5000))), "x").blocks()
    assert len(next(blocks)) == len(RAMP)
    with pytest.raises(AudioError, match="truncated"):
        next(blocks)


def test_a_missing_file_is_named(tmp_path):
    for path in (tmp_path / "none.wav", tmp_path):
        with pytest.raises(AudioError, match="can't be"):
            read_wav(path)


def test_sizes_in_the_header_match_its_fields():
    """Guards the helper: what it packs is what the standard library reads."""
    with wave.open(io.BytesIO(riff(FMT, chunk(b"data", struct.pack("<2h", 1, -2))))) as file:
        assert (file.getframerate(), file.getnchannels(), file.readframes(9)) == (16000, 1, struct.pack("<2h", 1, -2))
