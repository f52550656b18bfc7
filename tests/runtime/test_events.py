"""The JSON form is a contract with other programs: names and rounding do not change."""

from __future__ import annotations

import json

import pytest

from edge_asr.runtime.ctc.hypothesis import Slot, Word
from edge_asr.runtime.events import (
    Detection,
    Final,
    NoCommand,
    Overrun,
    Partial,
    SourceBack,
    SourceLost,
    Started,
    event_json,
)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            Detection("yes", 1.23456789, 2.0000001, 0.123456),
            '{"event": "detection", "label": "yes", "start": 1.235, "end": 2.0, "score": 0.1235}',
        ),
        (
            Detection("yes", 1.0, 2.0, 0.5, "words"),
            '{"event": "detection", "label": "yes", "start": 1.0, "end": 2.0, "score": 0.5, "bundle": "words"}',
        ),
        (Partial("turn on", 1.0004), '{"event": "partial", "text": "turn on", "time": 1.0}'),
        (
            Final("on", 1.00004, 2.0, 0.123456, (Word("on", 1.23456, 1.5, 0.98765432),)),
            '{"event": "final", "text": "on", "start": 1.0, "end": 2.0, "confidence": 0.1235, '
            '"words": [{"text": "on", "start": 1.235, "end": 1.5, "confidence": 0.9877}]}',
        ),
        (
            Final("on", 1.0, 2.0, 0.5, (), "HassTurnOn", (Slot("area", "kitchen"), Slot("name", "lamp"))),
            '{"event": "final", "text": "on", "start": 1.0, "end": 2.0, "confidence": 0.5, "words": [], '
            '"intent": "HassTurnOn", "slots": {"area": "kitchen", "name": "lamp"}}',
        ),
        (
            Final("", 1.0, 2.0, 0.0, rejected="penalty 9"),
            '{"event": "final", "text": "", "start": 1.0, "end": 2.0, "confidence": 0.0, "words": [], "rejected": "penalty 9"}',
        ),
        (NoCommand(7.12345), '{"event": "no_command", "time": 7.123}'),
        (Started(0.0, "mic"), '{"event": "started", "time": 0.0, "source": "mic"}'),
        (Overrun(1.0004, 320), '{"event": "overrun", "time": 1.0, "samples": 320}'),
        (SourceLost(2.5, "unplugged"), '{"event": "source_lost", "time": 2.5, "reason": "unplugged"}'),
        (SourceBack(3.5, "mic"), '{"event": "source_back", "time": 3.5, "source": "mic"}'),
    ],
)
def test_json(event, line):
    assert json.dumps(event_json(event)) == line


def test_only_what_was_said_and_not_rejected_is_accepted():
    said = [Final("on", 0.0, 1.0, 0.5), Final("", 0.0, 1.0, 0.0), Final("on", 0.0, 1.0, 0.5, rejected="why")]
    assert [final.accepted for final in said] == [True, False, False]
