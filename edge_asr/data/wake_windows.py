"""Which windows a wake word is learnt from: where each may end, and what it then stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_asr.data.clips import Split
from edge_asr.data.split import stable_hash
from edge_asr.data.wake_spec import WakeSpec

MARGIN = 0.03
"""Seconds around a phrase that are taken with it: a word's first and last sounds are soft."""
HEARD = 0.3
"""Seconds of a sound at least that a window of it holds."""
UNKNOWN_LABEL = 0


@dataclass(frozen=True)
class Take:
    """A phrase or something else that is said, alone, in a sound file."""

    id: str
    """Unique; the same on every machine."""
    path: Path
    start: float
    """Seconds, where it begins and ends in the file."""
    end: float
    split: Split
    label: int
    """Index into the labels; 0 is `_unknown_`."""


@dataclass(frozen=True)
class WakeWindow:
    """Windows on one sound: each variant ends at another moment of it."""

    id: str
    label: int
    split: Split
    file: Path | None
    """None: nothing but background noise."""
    start: float = 0.0
    """Seconds: the part of the file that is heard; around it is something else."""
    end: float = 0.0
    ends: tuple[float, float] = (0.0, 0.0)
    """Seconds in the file: the earliest and the latest end of a window; it may lie behind `end`."""


def phrase_windows(take: Take, spec: WakeSpec) -> Iterator[WakeWindow]:
    """The phrase at a window's end; and, for a share of the takes, half said, and long gone: both `_unknown_`."""
    after_low, after_high = (ms / 1000 for ms in spec.end_ms)
    yield _window(take, "", take.label, (take.end + after_low, take.end + after_high))
    if _drawn(take.id, "partial", spec.partial_share):
        least, most = (take.start + share * (take.end - take.start) for share in spec.partial_span)
        yield _window(take, "/partial", UNKNOWN_LABEL, (least, most))
    if _drawn(take.id, "gone", spec.gone_share):
        since_low, since_high = (ms / 1000 for ms in spec.gone_ms)
        yield _window(take, "/gone", UNKNOWN_LABEL, (take.end + since_low, take.end + since_high))


def likeness_window(take: Take, spec: WakeSpec) -> WakeWindow:
    """Something like the phrase, at the place where the phrase would be."""
    return _window(take, "", UNKNOWN_LABEL, (take.end + spec.end_ms[0] / 1000, take.end + spec.end_ms[1] / 1000))


def speech_window(take: Take, spec: WakeSpec) -> WakeWindow:
    """Other speech, with the window's end anywhere in it."""
    earliest = min(take.start + HEARD, take.end)
    return _window(take, "", UNKNOWN_LABEL, (earliest, take.end + spec.end_ms[1] / 1000))


def negative_window(name: str, path: Path, split: Split, span: tuple[float, float], clip_seconds: float) -> WakeWindow:
    """Windows that end in a `span` (seconds) of a recording; as far as there is any, the sound before it is the file's own."""
    start, end = span
    earliest = min(start + HEARD, end) if start == 0.0 else start
    return WakeWindow(name, UNKNOWN_LABEL, split, path, max(0.0, start - clip_seconds), end, (earliest, end))


def noise_window(number: int, split: Split) -> WakeWindow:
    """Nothing but noise, or digital silence."""
    return WakeWindow(f"noise/{split}/{number:05d}", UNKNOWN_LABEL, split, None)


def _window(take: Take, suffix: str, label: int, ends: tuple[float, float]) -> WakeWindow:
    return WakeWindow(f"{take.id}{suffix}", label, take.split, take.path, take.start - MARGIN, take.end + MARGIN, ends)


def _drawn(name: str, what: str, share: float) -> bool:
    """By the hash of the name: no draw depends on how many takes there are."""
    return stable_hash(f"{what}/{name}") < share * 2**64
