from __future__ import annotations

import numpy as np
import pytest

from edge_asr.errors import AudioError
from edge_asr.runtime.events import Overrun, SourceBack, SourceLost
from edge_asr.runtime.record import record
from edge_asr.runtime.take_check import Take
from tests.runtime.list_source import ListSource
from tests.runtime.spoken import RATE, phrase, room, spoken_in


def chunks(samples):
    return [samples[begin : begin + 1280] for begin in range(0, len(samples), 1280)]


TWICE = spoken_in(room(7.0), (2.5, phrase()), (5.0, phrase()))


def names(events):
    return [getattr(event, "fault", None) or type(event).__name__ for event in events]


def test_takes_until_there_are_enough():
    events, source = [], ListSource([*chunks(TWICE), AssertionError("read on")])
    assert record(source, 2, events.append) == 2
    assert names(events) == ["Room", "Prompt", "Take", "Prompt", "Take"]
    assert isinstance(events[-1], Take)


def test_it_ends_with_the_source_and_when_it_is_told():
    events = []
    assert record(ListSource(chunks(TWICE[: 9 * RATE // 2])), 2, events.append) == 1
    assert names(events) == ["Room", "Prompt", "Take", "Prompt"]
    levels = []
    assert record(ListSource(chunks(TWICE)), 2, print, should_stop=lambda: len(levels) == 3, on_chunk=levels.append) == 0
    assert len(levels) == 3
    assert all(-70 < level < -60 for level in levels)  # noise of -60 dBFS, a part of it below 125 Hz


@pytest.mark.parametrize("incident", [Overrun(0.0, 100), SourceLost(0.0, "gone")])
def test_a_phrase_with_a_gap_is_asked_for_again(incident):
    events = []
    speaking = chunks(spoken_in(room(3.0), (2.5, phrase()[: RATE // 2])))
    source = ListSource([*speaking, incident, SourceBack(0.0, "mic"), *chunks(TWICE)])
    assert record(source, 2, events.append) == 2
    assert names(events)[2:6] == [type(incident).__name__, "cut_off", "Prompt", "SourceBack"]


def test_what_the_source_raises_comes_through():
    with pytest.raises(AudioError, match="no more"):
        record(ListSource([np.zeros(10, np.int16), AudioError("no more")]), 1, print)
