"""Two machines heard the same, or it is said what differs."""

from __future__ import annotations

import json

import numpy as np

from edge_asr.deploy.same import compare_events, compare_scores, events_of

HEADER = {"event": "header", "interpreter": "ai-edge-litert 2.3.0"}
STARTED = {"event": "started", "time": 0.0, "source": "clip.wav"}
YES = {"event": "detection", "label": "yes", "start": 0.5, "end": 1.5, "score": 0.9528}


def test_equal_events_are_shown_side_by_side():
    equal, lines = compare_events([HEADER, STARTED, YES], [HEADER, STARTED, YES])
    assert equal
    yes = "yes              0.50 s to     1.50 s  score 0.9528"
    assert lines == ("board".ljust(len(yes)) + "    workstation", f"{yes} == {yes}")


def test_another_score_or_a_missing_event_differs():
    equal, lines = compare_events([HEADER, {**YES, "score": 0.9529}], [HEADER, YES])
    assert not equal
    assert " != " in lines[1]
    equal, lines = compare_events([HEADER], [HEADER, YES])
    assert not equal
    assert lines[1].split()[:2] == ["-", "!="]


def test_events_that_are_no_results_count_too():
    equal, _ = compare_events([HEADER, YES], [HEADER, STARTED, YES])
    assert not equal


def test_another_interpreter_is_named_and_does_not_count():
    equal, lines = compare_events([{**HEADER, "interpreter": "tflite-runtime 2.14.0"}, YES], [HEADER, YES])
    assert equal
    assert lines[-1] == "interpreter: tflite-runtime 2.14.0 on the board, ai-edge-litert 2.3.0 here"


def test_with_other_kernels_what_was_said_counts():
    other = {**YES, "score": 0.9, "start": 0.6}
    assert compare_events([HEADER, other], [HEADER, YES], exact=False)[0]
    assert not compare_events([HEADER, {**other, "label": "no"}], [HEADER, YES], exact=False)[0]
    assert not compare_events([HEADER, YES, other], [HEADER, YES], exact=False)[0]


def test_texts_of_a_recogniser_are_results():
    final = {"event": "final", "text": "seven two", "start": 0.5, "end": 1.5, "confidence": 0.75}
    equal, lines = compare_events([HEADER, final], [HEADER, final])
    assert equal
    assert "seven two" in lines[1]
    assert "score 0.7500" in lines[1]


def test_nothing_heard_by_both_is_equal():
    assert compare_events([HEADER], [HEADER]) == (True, ("board    workstation", "nothing was heard, by neither"))


def test_events_are_read_line_by_line():
    assert events_of("".join(f"{json.dumps(event)}\n" for event in (HEADER, YES))) == [HEADER, YES]


def test_scores_must_be_equal_to_the_last_bit():
    here = np.random.default_rng(5).random((10, 4), np.float32)
    assert compare_scores(here.copy(), here) == (True, "10 steps of 4 scores: equal bit for bit")
    board = here.copy()
    board[3, 2] = np.nextafter(board[3, 2], np.float32(1))
    assert not compare_scores(board, here)[0]
    board[7, 0] += np.float32(0.25)
    equal, line = compare_scores(board, here)
    assert not equal
    assert line == "10 steps of 4 scores: 2 steps differ, the first is 3; largest difference 0.25"


def test_another_count_of_steps_differs():
    equal, line = compare_scores(np.zeros((3, 4), np.float32), np.zeros((2, 4), np.float32))
    assert not equal
    assert line == "expected scores of shape (2, 4), as here, the board has (3, 4)"
