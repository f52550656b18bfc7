"""What a listening stream reports, and the JSON that machines read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from edge_asr.runtime.ctc.hypothesis import Slot, Word


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
class Partial:
    """What an utterance seems to say so far; it may change."""

    text: str
    time: float
    """Seconds of the stream: the end of the audio that was heard."""


@dataclass(frozen=True)
class Final:
    """An utterance is over. It said `text`, or nothing when that is empty."""

    text: str
    start: float
    """Seconds of the stream: the utterance, with a little of what came before the speech."""
    end: float
    """Seconds of the stream, with the pause that ended it."""
    confidence: float
    """0 to 1."""
    words: tuple[Word, ...] = ()
    """Their times are seconds of the stream, within `start` and `end`."""
    intent: str = ""
    """Of a grammar: what the sentence asks for, with `slots`."""
    slots: tuple[Slot, ...] = ()
    rejected: str = ""
    """Why it is not to be acted upon; empty when it is accepted."""

    @property
    def accepted(self) -> bool:
        """Whether something was said that may be acted upon."""
        return bool(self.text) and not self.rejected


@dataclass(frozen=True)
class NoCommand:
    """After a wake word nothing was said, or nothing that was understood."""

    time: float


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


SpeechEvent: TypeAlias = Partial | Final
Event: TypeAlias = Detection | SpeechEvent | NoCommand | Started | Overrun | SourceLost | SourceBack

_NAMES = {
    Detection: "detection",
    Partial: "partial",
    Final: "final",
    NoCommand: "no_command",
    Started: "started",
    Overrun: "overrun",
    SourceLost: "source_lost",
    SourceBack: "source_back",
}
_DIGITS = {"start": 3, "end": 3, "time": 3, "score": 4, "confidence": 4}
_LEFT_OUT_WHEN_EMPTY = ("bundle", "intent", "slots", "rejected")


def event_json(event: Event) -> dict[str, Any]:
    """The event as a table: `event` (its kind) and its fields; times in seconds to 1 ms, scores and confidences to 0.0001.

    `words` is a list of tables, `slots` a table of names and values. `bundle`, `intent`, `slots` and `rejected` are left out when
    they are empty.
    """
    fields = _rounded(asdict(event))
    if isinstance(event, Final):
        fields["words"] = [_rounded(asdict(word)) for word in event.words]
        fields["slots"] = {slot.name: slot.value for slot in event.slots}
    kept = {key: value for key, value in fields.items() if value or key not in _LEFT_OUT_WHEN_EMPTY}
    return {"event": _NAMES[type(event)], **kept}


def _rounded(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, _DIGITS[key]) if key in _DIGITS else value for key, value in fields.items()}
