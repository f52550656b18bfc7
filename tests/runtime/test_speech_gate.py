"""Where utterances begin and end, with a detector that never errs."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.bundle.speech import EndpointSpec
from edge_asr.runtime.speech_gate import GateChange, SpeechGate
from tests.runtime.scripted_voice import FRAME, RATE, ScriptedVoice, frames
from tests.runtime.tones import random_chunks

# In frames of 10 ms: 5 of speech open it, 3 before them belong to the utterance, 10 without end it, 100 are the most.
ENDPOINT = EndpointSpec(min_speech_ms=50, pre_roll_ms=30, hang_over_ms=100, max_utterance_s=1.0)


def gate(endpoint: EndpointSpec = ENDPOINT) -> SpeechGate:
    return SpeechGate(ScriptedVoice(), endpoint, RATE)


def spans(changes: list[GateChange]) -> list[int]:
    """Beginnings and ends in frames, which must take turns."""
    assert [change.open for change in changes] == [i % 2 == 0 for i in range(len(changes))]
    return [change.sample // FRAME for change in changes]


def test_an_utterance_reaches_from_the_pre_roll_to_the_end_of_the_hang_over():
    assert spans(gate().accept(frames(100, 30, 50))) == [97, 140]


def test_a_pause_that_is_shorter_than_the_hang_over_belongs_to_it():
    assert spans(gate().accept(frames(100, 30, 9, 6, 50))) == [97, 155]
    assert spans(gate().accept(frames(100, 30, 25, 6, 50))) == [97, 140, 152, 171]


def test_it_begins_no_earlier_than_the_stream_and_the_utterance_before():
    # 10 frames behind the first one; the second is noticed 5 frames on, and would begin 8 before that.
    assert spans(gate().accept(frames(0, 10, 10, 10, 20))) == [0, 20, 20, 40]


def test_clicks_and_crackle_do_not_open_it():
    assert gate().accept(frames(50, 4, 50, 4, 50)) == []
    assert gate().accept(frames(*[1] * 200)) == []  # as much speech as pauses


def test_speech_with_short_breaks_opens_it():
    """Six frames of it and one without: the fifth more of speech than of pauses is frame 107."""
    assert spans(gate().accept(frames(100, 3, 1, 30, 50)))[0] == 107 - 8


def test_endless_speech_is_cut_without_a_gap():
    assert spans(gate().accept(frames(0, 250))) == [0, 100, 100, 200, 200]


def test_chunks_change_nothing():
    sound = frames(30, 20, 8, 40, 15, 3, 20, 130, 40)
    expected = gate().accept(sound)
    assert len(expected) == 6
    for chunks in ([sound[at : at + size] for at in range(0, len(sound), size)] for size in (1, 7, 10, 33)):
        cut = gate()
        assert [change for chunk in chunks for change in cut.accept(chunk)] == expected
    cut = gate()
    assert [change for chunk in random_chunks(sound, 200, seed=1) for change in cut.accept(chunk)] == expected


def test_reset_forgets_everything():
    used = gate()
    used.accept(frames(0, 30)[:-3])
    used.reset()
    assert used.accept(frames(100, 30, 50)) == gate().accept(frames(100, 30, 50))


def test_what_came_before_goes_to_the_detector_alone():
    voice = ScriptedVoice()
    primed = SpeechGate(voice, ENDPOINT, RATE)
    before = np.arange(255) / 255
    primed.prime(before)
    assert np.array_equal(voice.heard, before[-100:])  # its memory of 0.1 s
    voice.reset()
    primed.prime(before[:37])
    assert np.array_equal(voice.heard, before[7:37])  # whole frames, up to now
    assert spans(primed.accept(frames(100, 30, 50))) == [97, 140]


@pytest.mark.parametrize("milliseconds", [0, 3])
def test_times_are_a_frame_at_least(milliseconds):
    quick = gate(EndpointSpec(min_speech_ms=milliseconds, pre_roll_ms=milliseconds, hang_over_ms=50, max_utterance_s=1.0))
    assert spans(quick.accept(frames(100, 1, 50))) == [99, 106]
