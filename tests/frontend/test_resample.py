"""Resampling: streaming equals offline, and the audio stays itself."""

import sys

import numpy as np
import pytest

from edge_asr.errors import AudioError
from edge_asr.frontend.resample import StreamingResampler, resample
from tests.frontend.test_streaming import cut
from tests.signals import speech_like

SIGNAL = speech_like(1.0, seed=4, rate=44100)


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 48000])
@pytest.mark.parametrize("length", [1000, 441, 0])
def test_streaming_equals_offline(rate, length):
    streaming = StreamingResampler(rate, 16000)
    parts = [streaming.accept(chunk) for chunk in cut(SIGNAL, length)]
    whole = resample(SIGNAL, rate, 16000)
    got = np.concatenate([*parts, streaming.finish()])
    assert got.dtype == np.float32
    assert abs(len(got) - len(SIGNAL) * 16000 / rate) <= 1
    np.testing.assert_array_equal(got, whole)


def test_tone_keeps_frequency_and_level():
    t = np.arange(44100) / 44100
    got = resample((0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32), 44100, 16000)
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(got)) / 16000)
    # Away from the ends (filter length); soxr HQ is flat to 0.01 dB, about 1e-3.
    np.testing.assert_allclose(got[500:-500], expected[500:-500], atol=1e-3)


def test_int16_and_float_mean_the_same():
    np.testing.assert_array_equal(resample(SIGNAL, 44100, 16000), resample(SIGNAL.astype(np.float32) / 32768, 44100, 16000))


def test_finish_leaves_it_as_new():
    streaming = StreamingResampler(8000, 16000)
    streaming.accept(SIGNAL[:3000])
    streaming.finish()
    got = np.concatenate((streaming.accept(SIGNAL), streaming.finish()))
    np.testing.assert_array_equal(got, resample(SIGNAL, 8000, 16000))


def test_same_rate_needs_no_soxr(monkeypatch):
    monkeypatch.setitem(sys.modules, "soxr", None)
    np.testing.assert_array_equal(resample(SIGNAL, 16000, 16000), (SIGNAL / 32768).astype(np.float32))
    with pytest.raises(AudioError, match=r"edge-asr\[resample\]"):
        resample(SIGNAL, 44100, 16000)


def test_absurd_rate():
    with pytest.raises(AudioError, match="sample rates"):
        StreamingResampler(0, 16000)
