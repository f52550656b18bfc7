"""When what was heard here is what was heard there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_asr.errors import DeployError
from edge_asr.runtime.hear_clip import EXPECTED_LIMIT, Expected, Heard, difference, read_expected, write_expected

YES, NO = Heard("yes", 0.5, 1.5, 0.9), Heard("no", 2.5, 3.5, 1 / 3)
EXPECTED = Expected("window", "ai-edge-litert 2.3.0", "default", "cpu", 0.1, (YES, NO))


def heard(**changes: object) -> tuple[Heard, ...]:
    return YES, replace(NO, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"score": 1 / 3 + 0.049},
        {"start": 2.6, "end": 3.6},  # a step later
        {"end": 3.4, "score": 0.8},  # decided at another step, whose score is another one
    ],
)
def test_other_kernels_may_differ_a_little_and_the_same_may_not(changes):
    assert difference(EXPECTED, heard(**changes)) == ""
    assert difference(EXPECTED, heard(**changes), exact=True).startswith("'no': expected ")
    assert difference(EXPECTED, heard(), exact=True) == ""


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (heard(score=1 / 3 + 0.051), "'no': expected a score of 0.333333, found 0.384333"),
        (heard(score=float("nan")), "'no': expected a score of 0.333333, found nan"),
        (heard(end=3.601), "'no': expected from 2.500 to 3.500 s, found 2.500 to 3.601 s"),
        (heard(start=2.3), "'no': expected from 2.500 to 3.500 s, found 2.300 to 3.500 s"),
        (heard(what="yes"), "expected 'yes', 'no', heard 'yes', 'yes'"),
        ((YES,), "expected 'yes', 'no', heard 'yes'"),
        ((), "expected 'yes', 'no', heard nothing"),
        ((YES, NO, NO), "expected 'yes', 'no', heard 'yes', 'no', 'no'"),
    ],
)
def test_what_is_another_thing(found, message):
    assert difference(EXPECTED, found) == message


def test_expected_events_keep_all_their_bits(tmp_path):
    write_expected(tmp_path / "expected.json", EXPECTED)
    assert read_expected(tmp_path / "expected.json") == EXPECTED


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b" " * EXPECTED_LIMIT + b"{}", b'{"events": 5}'])
def test_a_file_that_is_none(tmp_path, content):
    (tmp_path / "expected.json").write_bytes(content)
    with pytest.raises(DeployError, match="expected the events of a self-test, found: .*pack the release again"):
        read_expected(tmp_path / "expected.json")
