from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from edge_asr.errors import AudioError
from edge_asr.frontend.resample import resample
from edge_asr.runtime.events import Overrun, SourceLost
from edge_asr.runtime.sources import PcmSource, ResampledSource, WavSource, at_rate
from tests.runtime.list_source import ListSource
from tests.runtime.wav_bytes import chunk, fmt, riff
from tests.signals import speech_like

SAMPLES = speech_like(1.0, seed=3)


@pytest.fixture
def pipe():
    """Both ends of a pipe: (descriptor to read, file to write)."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb", buffering=0) as file:
        yield reading, file
    os.close(reading)


def heard(source) -> np.ndarray:
    return np.concatenate([item for item in source.chunks() if isinstance(item, np.ndarray)])


def test_pcm_is_heard_however_the_bytes_arrive(pipe):
    reading, writing = pipe
    chunks = PcmSource(reading, 16000).chunks()
    raw, got = SAMPLES[:2000].astype("<i2").tobytes(), []
    for at in range(0, len(raw), 333):  # an odd length: samples are cut in two
        writing.write(raw[at : at + 333])
        got.append(next(chunks))
    writing.close()
    got += list(chunks)
    np.testing.assert_array_equal(np.concatenate(got), SAMPLES[:2000])


def test_a_quiet_pipe_gives_empty_chunks(pipe):
    reading, writing = pipe
    chunks = PcmSource(reading, 16000).chunks()
    assert len(next(chunks)) == 0
    writing.write(b"\1\0")
    assert next(chunks).tolist() == [1]


@pytest.mark.parametrize(
    ("raw", "message"),
    [(b"", "found nothing"), (b"\1\0\2", "half a sample"), (riff(), "found a WAV file; pass its path")],
)
def test_what_is_no_pcm(pipe, raw, message):
    reading, writing = pipe
    writing.write(raw)
    writing.close()
    with pytest.raises(AudioError, match=f"^stdin: .*{message}"):
        list(PcmSource(reading, 16000).chunks())


@pytest.mark.parametrize("rate", [0, 999, 768001])
def test_pcm_of_an_impossible_rate(rate):
    with pytest.raises(AudioError, match=f"1000 to 768000 Hz, found {rate}"):
        PcmSource(0, rate)


def test_a_wav_file(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(riff(chunk(b"fmt ", fmt(rate=8000)), chunk(b"data", SAMPLES.astype("<i2").tobytes())))
    source = WavSource(path)
    assert (source.sample_rate, source.name) == (8000, str(path))
    np.testing.assert_array_equal(heard(source), (SAMPLES / 32768).astype(np.float32))
    source.close()


def test_a_bad_wav_file_is_refused_at_once_and_closed(tmp_path, recwarn):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(AudioError, match=r"a\.wav: expected a WAV file"):
        WavSource(tmp_path / "a.wav")
    assert not recwarn  # no ResourceWarning


def test_another_rate_is_resampled_as_the_whole_signal_would_be():
    pieces = np.split(SAMPLES, [1, 1000, 1000, 9000])
    got = heard(at_rate(ListSource(pieces, 44100), 16000))
    np.testing.assert_array_equal(got, resample(SAMPLES, 44100, 16000))


def test_the_same_rate_is_left_alone():
    source = ListSource([SAMPLES])
    assert at_rate(source, 16000) is source


def test_incidents_pass_the_resampler_with_their_samples_at_the_new_rate():
    lost = SourceLost(0.0, "gone")
    items = list(ResampledSource(ListSource([Overrun(0.0, 480), lost, SAMPLES], 48000), 16000).chunks())
    assert items[:2] == [Overrun(0.0, 160), lost]


def test_without_soxr_another_rate_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "soxr", None)
    source = ListSource([SAMPLES], 44100)
    with pytest.raises(AudioError, match=r"list: audio at 44100 Hz .* pip install 'edge-asr\[resample\]'"):
        at_rate(source, 16000)
    assert source.closed
