"""What `edge-asr transcribe` must say, by the library."""

from __future__ import annotations

import json

from edge_asr.runtime.events import event_json
from edge_asr.runtime.grammar import Arc, Final, Grammar, write_grammar
from edge_asr.runtime.speech_engine import load_speech_engine
from edge_asr.runtime.speech_stream import SpeechStream


def expected_events(bundle, sound, *, endpoint=True):
    """Partial and final events of `sound`, as tables."""
    engine = load_speech_engine(bundle.path)
    stream = SpeechStream(engine, engine.decoder(), engine.spec.endpoint if endpoint else None)
    return [event_json(event) for event in stream.accept(sound) + stream.finish()]


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def write_answer_grammar(path):
    """Only "yes no" may be said, and means something."""
    grammar = Grammar("en", 3, (Arc(0, 1, "yes"), Arc(1, 2, "no")), (Final(2, "Answer"),))
    path.write_bytes(write_grammar(grammar))
    return path
