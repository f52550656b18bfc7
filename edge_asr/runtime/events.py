"""What a listening stream reports, and the JSON that machines read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Detection:
    """A keyword was said, somewhere from `start` to `end`."""

    label: str
    start: float
    """Seconds of the stream: the word does not begin before this. See `runtime.detector`."""
    end: float
    """Seconds of the stream: the end of the audio that was heard when the decision fell."""
    score: float
    """The smoothed posterior, from 0 to 1."""
    bundle: str = ""
    """Whose word it is, where several bundles listen to one stream."""


@dataclass(frozen=True)
class Started:
    """Audio comes in."""

    time: float
    source: str


@dataclass(frozen=True)
class Overrun:
    """The source delivered faster than it was read, and dropped `samples` before `time`."""

    time: float
    samples: int


@dataclass(frozen=True)
class SourceLost:
    """The source stopped delivering (a microphone was unplugged)."""

    time: float
    reason: str


@dataclass(frozen=True)
class SourceBack:
    """The source delivers again."""

    time: float
    source: str


Event: TypeAlias = Detection | Started | Overrun | SourceLost | SourceBack

_NAMES = {
    Detection: "detection",
    Started: "started",
    Overrun: "overrun",
    SourceLost: "source_lost",
    SourceBack: "source_back",
}
_DIGITS = {"start": 3, "end": 3, "time": 3, "score": 4}


def event_json(event: Event) -> dict[str, str | float | int]:
    """The event as a flat table: `event` (its kind) and its fields; times in seconds to 1 ms, scores to 0.0001.

    An empty `bundle` is left out.
    """
    fields = {key: round(value, _DIGITS[key]) if key in _DIGITS else value for key, value in asdict(event).items()}
    if fields.get("bundle") == "":
        del fields["bundle"]
    return {"event": _NAMES[type(event)], **fields}
