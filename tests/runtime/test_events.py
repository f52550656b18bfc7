"""The JSON form is a contract with other programs: names and rounding do not change."""

from __future__ import annotations

import json

import pytest

from edge_asr.runtime.events import Detection, Overrun, SourceBack, SourceLost, Started, event_json


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
        (Started(0.0, "mic"), '{"event": "started", "time": 0.0, "source": "mic"}'),
        (Overrun(1.0004, 320), '{"event": "overrun", "time": 1.0, "samples": 320}'),
        (SourceLost(2.5, "unplugged"), '{"event": "source_lost", "time": 2.5, "reason": "unplugged"}'),
        (SourceBack(3.5, "mic"), '{"event": "source_back", "time": 3.5, "source": "mic"}'),
    ],
)
def test_json(event, line):
    assert json.dumps(event_json(event)) == line
