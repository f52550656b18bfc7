from __future__ import annotations

import numpy as np
import pytest

from edge_asr.errors import AudioError
from edge_asr.runtime.ctc.beam_decoder import BeamDecoder
from edge_asr.runtime.features import FeatureStream
from edge_asr.runtime.interpreter import Interpreter
from edge_asr.runtime.speech_bench import bench_speech
from edge_asr.runtime.speech_engine import load_speech_engine
from tests.bundle.damage import edit_manifest
from tests.runtime.test_bench import clock, spending
from tests.runtime.tones import tones

__all__ = ["clock"]


@pytest.mark.parametrize("form", ["window", "stream"])
def test_costs_are_put_where_they_arise(tiny_speech, clock, monkeypatch, form):
    engine = load_speech_engine(tiny_speech, form=form)
    costs = {(FeatureStream, "accept"): 0.004, (BeamDecoder, "advance"): 0.001, (BeamDecoder, "finish"): 0.5}
    for (cls, name), cpu in costs.items():
        monkeypatch.setattr(cls, name, spending(clock, getattr(cls, name), cpu, cpu))
    monkeypatch.setattr(Interpreter, "step", spending(clock, Interpreter.step, 0.002, 0.005))

    result = bench_speech(engine, tones(20.0, []))
    assert (result.form, result.steps, result.step_ms, result.audio_seconds) == (form, 250, 80.0, pytest.approx(20.0))
    stages = {stage.name: stage.cpu_seconds_per_hour for stage in result.stages}
    # One call a step of 80 ms, 45000 an hour, but for the first step, which is one window longer than that.
    assert stages == pytest.approx({"front end": 180.0, "model": 90.0, "decoding": 45.0, "rest": 0.0}, abs=1)
    assert result.cpu_seconds_per_hour == pytest.approx(sum(stages.values()))
    assert result.step_time.p50 == pytest.approx(10.0)
    assert result.real_time_factor == pytest.approx(0.125, rel=0.01)  # 10 ms of wall time for 80 ms
    # Behind the utterance half a field of silence, and what completes a step: four steps, or one window. Beside them a few calls
    # of the front end and the decoder without anything new.
    runs = {"stream": 4, "window": 1}[form]
    assert 500 + 2 * runs < result.final_cpu_ms < 500 + 2 * runs + 15


def test_utterances_are_as_long_as_the_bundle_allows(tiny_speech, monkeypatch):
    edit_manifest(tiny_speech.path, lambda table: table["speech"]["endpoint"].update(max_utterance_s=4.0))
    lengths = [0]
    advance, reset = BeamDecoder.advance, BeamDecoder.reset
    monkeypatch.setattr(
        BeamDecoder, "advance", lambda self, frames: (lengths.append(lengths.pop() + len(frames)), advance(self, frames))[1]
    )
    monkeypatch.setattr(BeamDecoder, "reset", lambda self: (lengths.append(0), reset(self))[1])
    bench_speech(load_speech_engine(tiny_speech.path), tones(20.0, []))
    assert max(lengths) <= 4.0 / 0.04 + 10  # outputs of 40 ms, and those of the silence at the end
    assert lengths.count(100) >= 4


def test_progress_is_told(tiny_speech):
    told = []
    bench_speech(load_speech_engine(tiny_speech), tones(9.0, []), progress=lambda *args: told.append(args))
    assert {what for what, _, _ in told} == {"the whole chain", "front end", "model", "decoding", "the end of an utterance"}


def test_too_little_audio(tiny_speech):
    with pytest.raises(AudioError, match=r"at least 8\.0 s of audio to measure, found 7\.9 s"):
        bench_speech(load_speech_engine(tiny_speech), np.zeros(int(7.9 * 16000), np.int16))
