from __future__ import annotations

import pytest

from edge_asr.errors import AudioError
from edge_asr.frontend.resample import resample
from edge_asr.runtime.events import Final
from edge_asr.runtime.speech_engine import load_speech_engine
from edge_asr.runtime.speech_stream import SpeechStream
from edge_asr.runtime.transcribe import transcribe, transcribe_file
from tests.cli.command import write_wav
from tests.runtime.tones import tones

SOUND = tones(6.0, [(2.0, "yes"), (4.5, "no")])


@pytest.fixture
def stream(tiny_speech):
    engine = load_speech_engine(tiny_speech)
    return SpeechStream(engine, engine.decoder(), engine.spec.endpoint)


def test_the_utterances_of_samples_and_of_a_file(stream, tmp_path):
    expected = tuple(event for event in stream.accept(SOUND) + stream.finish() if isinstance(event, Final))
    assert [final.text for final in expected] == ["", "yes", "no"]
    assert transcribe(SOUND, stream) == expected
    assert transcribe(SOUND, stream) == expected  # it is reset each time
    assert transcribe_file(write_wav(tmp_path / "a.wav", SOUND), stream) == expected


def test_a_file_at_another_rate_is_resampled(stream, tmp_path):
    pytest.importorskip("soxr")
    fast = (resample(SOUND, 16000, 48000) * 32768).clip(-32768, 32767).astype("int16")
    expected = transcribe(resample(fast, 48000, 16000), stream)
    assert [final.text for final in expected] == ["", "yes", "no"]
    assert transcribe_file(write_wav(tmp_path / "fast.wav", fast, 48000), stream) == expected


def test_a_truncated_file_is_an_error(stream, tmp_path):
    wav = write_wav(tmp_path / "cut.wav", SOUND)
    wav.write_bytes(wav.read_bytes()[:-1000])
    with pytest.raises(AudioError, match="truncated"):
        transcribe_file(wav, stream)
