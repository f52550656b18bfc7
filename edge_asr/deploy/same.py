"""Whether two machines heard the same, and what differs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEARD = ("detection", "final")
"""Events that are results; the others tell how it came to them."""


def events_of(output: str) -> list[dict[str, Any]]:
    """The events of `edge-asr listen --json` or `transcribe --json`, its header first."""
    return [json.loads(line) for line in output.splitlines()]


def compare_events(
    board: Sequence[Mapping[str, Any]], here: Sequence[Mapping[str, Any]], *, exact: bool = True
) -> tuple[bool, tuple[str, ...]]:
    """Whether all events but the header are equal, and lines that show both sides' results and what else differs.

    Not `exact`: labels and texts count, times and scores do not, as they can't be equal with other kernels.
    The header says what ran: a difference there (an interpreter's version) does not count, and explains others.
    """
    pairs = [
        (_text(one), "==" if one == other else "!=", _text(other)) for one, other in zip_longest(_heard(board), _heard(here))
    ]
    width = max((len(one) for one, _, _ in pairs), default=0)
    lines = [f"{one:<{width}} {sign} {other}" for one, sign, other in [("board", "  ", "workstation"), *pairs]]
    if not pairs:
        lines.append("nothing was heard, by neither")
    for name, one, other in _header_differences(board, here):
        lines.append(f"{name}: {one} on the board, {other} here")
    count = _events if exact else _said
    return count(board) == count(here), tuple(lines)


def compare_scores(board: NDArray[np.float32], here: NDArray[np.float32]) -> tuple[bool, str]:
    """Whether the scores of two machines, float32 (steps, outputs), are equal bit for bit, and a line that says it."""
    if board.shape != here.shape:
        return False, f"expected scores of shape {here.shape}, as here, the board has {board.shape}"
    count = f"{len(here)} steps of {here.shape[1]} scores"
    if board.tobytes() == here.tobytes():
        return True, f"{count}: equal bit for bit"
    differ = board != here
    steps = np.flatnonzero(differ.any(axis=1))
    largest = float(np.abs(board.astype(np.float64) - here).max())
    return False, f"{count}: {len(steps)} steps differ, the first is {steps[0]}; largest difference {largest:.3g}"


def _events(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [event for event in events if event.get("event") != "header"]


def _said(events: Sequence[Mapping[str, Any]]) -> list[str]:
    return [_what(event) for event in _heard(events)]


def _heard(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [event for event in events if event.get("event") in HEARD]


def _text(event: Mapping[str, Any] | None) -> str:
    if event is None:
        return "-"
    score = event.get("score", event.get("confidence"))
    return f"{_what(event):<12} {event['start']:8.2f} s to {event['end']:8.2f} s  score {score:.4f}"


def _what(event: Mapping[str, Any]) -> str:
    return str(event.get("label", event.get("text")))


def _header_differences(board: Sequence[Mapping[str, Any]], here: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any, Any]]:
    one, other = ({**events[0]} if events else {} for events in (board, here))
    return [(name, one.get(name), other.get(name)) for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
