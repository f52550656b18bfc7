from __future__ import annotations

import sys

import numpy as np
import pytest

from edge_asr.data import speech_embedding
from edge_asr.data.speech_embedding import EMBEDDING, SAMPLE_RATE, SpeechEmbedding, has_speech_embedding
from edge_asr.data.voices import find_voice, speak
from edge_asr.errors import DataError
from edge_asr.frontend.resample import resample

MISSING = "pyopen-wakeword is not installed (pip install 'edge-asr[voices]')"
installed = pytest.mark.skipif(not has_speech_embedding(), reason=MISSING)


def said(text: str, voice: str) -> np.ndarray:
    """A second with the text at its end."""
    speech = speak(text, find_voice(voice))
    samples = resample(speech.samples, speech.sample_rate, SAMPLE_RATE)
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())[-1]
    return np.pad(samples[: loud + 1], (SAMPLE_RATE, 0))[-SAMPLE_RATE:].astype(np.float32)


def test_frames_are_counted_back_from_the_end() -> None:
    assert [SpeechEmbedding(1).frames_in(n) for n in (0, 12511, 12512, 12512 + 1279, 12512 + 1280)] == [0, 0, 1, 1, 2]
    assert SpeechEmbedding(2).frames_in(24000) == 5  # 147 spectra: 71 more than one frame takes, 16 apart


@installed
def test_frames_end_where_the_sound_does_whatever_came_before() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 24000).astype(np.float32)
    every, second = SpeechEmbedding(1).compute(sound), SpeechEmbedding(2).compute(sound)
    assert (every.shape, second.shape) == ((9, EMBEDDING), (5, EMBEDDING))
    np.testing.assert_allclose(second, every[::2], atol=1e-3)  # float32 in batches of another size
    # Steps of 160 samples: what is left over is at the end, of both.
    np.testing.assert_allclose(SpeechEmbedding(1).compute(sound[160 * 16 :]), every[2:], atol=1e-3)
    assert SpeechEmbedding().compute(sound[:100]).shape == (0, EMBEDDING)


@installed
def test_words_are_nearer_to_each_other_than_voices() -> None:
    embedding = SpeechEmbedding()
    words = {
        (text, voice): embedding.compute(said(text, voice))[-1]
        for text in ("alexa", "computer")
        for voice in ("en-us+f2", "en-gb+m3")
    }
    same_word = np.linalg.norm(words["alexa", "en-us+f2"] - words["alexa", "en-gb+m3"])
    same_voice = np.linalg.norm(words["alexa", "en-us+f2"] - words["computer", "en-us+f2"])
    assert same_word < same_voice  # 0.84 of it


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyopen_wakeword", None)
    speech_embedding._load.cache_clear()
    assert not has_speech_embedding()
    with pytest.raises(DataError, match="pip install pyopen-wakeword"):
        SpeechEmbedding().compute(np.zeros(16000, np.float32))
