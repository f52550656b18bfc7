from __future__ import annotations

import numpy as np
import pytest

from edge_asr.errors import AudioError
from edge_asr.runtime.events import Detection, Overrun, SourceBack, SourceLost, Started
from edge_asr.runtime.listen import listen
from tests.runtime.list_source import ListSource
from tests.runtime.tones import RATE, engine_of, tones

SOUND = tones(4.0, [(1.0, "yes"), (3.1, "no")])


def events_of(engine, items, **options):
    heard = []
    listen(ListSource(items), engine.stream(), heard.append, sample_rate=RATE, **options)
    return heard


def test_a_source_is_heard_to_its_end_and_finished(tiny_bundle):
    engine = engine_of(tiny_bundle)
    stream = engine.stream()
    expected = stream.accept(SOUND) + stream.finish()
    assert [event.label for event in expected] == ["yes", "no"]
    assert events_of(engine, np.array_split(SOUND, 37)) == [Started(0.0, "list"), *expected]


def test_incidents_get_the_time_of_the_audio_heard_so_far(tiny_bundle):
    items = [SOUND[:8000], Overrun(0.0, 320), SourceLost(0.0, "gone"), SOUND[:0], SourceBack(0.0, "list"), SOUND[8000:9600]]
    events = events_of(engine_of(tiny_bundle), items)
    assert events[1:] == [Overrun(0.5, 320), SourceLost(0.5, "gone"), SourceBack(0.5, "list")]


def test_it_stops_when_it_is_told_and_finishes_the_stream(tiny_bundle):
    chunks_heard = []
    word = tones(1.9, [(1.0, "yes")])
    endless = [*np.array_split(word, 10), AudioError("one chunk too many")]
    events = events_of(engine_of(tiny_bundle), endless, should_stop=lambda: len(chunks_heard) == 10, on_chunk=chunks_heard.append)
    assert [event.label for event in events if isinstance(event, Detection)] == ["yes"]
    assert chunks_heard[0].samples == len(word)


def test_a_source_that_fails_is_heard_up_to_there(tiny_bundle):
    word = tones(1.2, [(0.3, "yes")])
    heard = []
    source = ListSource([word, AudioError("torn")])
    stream = engine_of(tiny_bundle).stream()
    with pytest.raises(AudioError, match="torn"):
        listen(source, stream, heard.append, sample_rate=RATE)
    assert [event.label for event in heard if isinstance(event, Detection)] == ["yes"]
    with pytest.raises(AudioError, match="after finish"):
        stream.accept(word)
