"""Which windows a wake word is learnt from: where each may end, and what it then stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from edge_asr.data.clips import Split
from edge_asr.data.excerpt import Excerpt
from edge_asr.data.negative_windows import Window
from edge_asr.data.split import stable_hash
from edge_asr.data.wake_spec import WakeSpec

MARGIN = 0.03
"""Seconds around a spoken phrase that are taken with it: a word's first and last sounds are soft."""
HEARD = 0.3
"""Seconds of other speech at least that a window of it holds."""
MINED_JITTER = 0.1
"""Seconds."""
REACH = 1.5
"""So much of a window's length is read before its end: sound that is played faster is used up faster."""
UNKNOWN_LABEL = 0


Sound: TypeAlias = Excerpt | Window
"""A part of one file, or several parts one after the other."""


@dataclass(frozen=True)
class Take:
    """A phrase, or something else, that is said once."""

    id: str
    """Unique; the same on every machine."""
    excerpt: Excerpt
    """What is heard: the phrase with a margin, or with the room that it was recorded in."""
    start: float
    """Seconds into the excerpt: the phrase begins."""
    end: float
    """Seconds into the excerpt: the phrase ends."""
    split: Split
    label: int
    """Index into the labels; 0 is `_unknown_`."""


@dataclass(frozen=True)
class WakeWindow:
    """Windows on one sound: each variant ends at another moment of it."""

    id: str
    label: int
    split: Split
    sound: Sound | None
    """None: nothing but background noise."""
    ends: tuple[float, float] = (0.0, 0.0)
    """Seconds into the sound: the earliest and the latest end of a window. It may lie behind the end of the sound, and a window
    may begin before it: there is something else around."""

    @property
    def file(self) -> Path | None:
        """The file that it is taken from, where it is one."""
        return self.sound.path if isinstance(self.sound, Excerpt) else None


def phrase_windows(take: Take, spec: WakeSpec) -> Iterator[WakeWindow]:
    """The phrase at a window's end; and, for a share of the takes, half said, and long gone: both `_unknown_`."""
    yield _window(take, "", take.label, _after(take, spec.end_ms))
    if _drawn(take.id, "partial", spec.partial_share):
        least, most = (take.start + share * (take.end - take.start) for share in spec.partial_span)
        yield _window(take, "/partial", UNKNOWN_LABEL, (least, most))
    if _drawn(take.id, "gone", spec.gone_share):
        yield _window(take, "/gone", UNKNOWN_LABEL, _after(take, spec.gone_ms))


def likeness_window(take: Take, spec: WakeSpec) -> WakeWindow:
    """Something like the phrase, at the place where the phrase would be."""
    return _window(take, "", UNKNOWN_LABEL, _after(take, spec.end_ms))


def speech_window(take: Take, spec: WakeSpec) -> WakeWindow:
    """Other speech, with the window's end anywhere in it."""
    return _window(take, "", UNKNOWN_LABEL, (min(take.start + HEARD, take.end), take.end + spec.end_ms[1] / 1000))


def negative_window(name: str, split: Split, sound: Window, clip_seconds: float) -> WakeWindow:
    """Windows that lie anywhere in continuous negatives."""
    return WakeWindow(f"negative/{name}", UNKNOWN_LABEL, split, sound, (min(clip_seconds, sound.seconds), sound.seconds))


def mined_window(name: str, path: Path, at: float, clip_seconds: float) -> WakeWindow:
    """The moment `at` (seconds into the file) at which a model was wrong, give or take a tenth of a second."""
    start = max(0.0, at - REACH * clip_seconds)
    ends = (max(0.0, at - start - MINED_JITTER), at - start + MINED_JITTER)
    return WakeWindow(f"mined/{name}", UNKNOWN_LABEL, "train", Excerpt(path, start, at + MINED_JITTER), ends)


def noise_window(number: int, split: Split) -> WakeWindow:
    """Nothing but noise, or digital silence."""
    return WakeWindow(f"noise/{split}/{number:05d}", UNKNOWN_LABEL, split, None)


def _window(take: Take, suffix: str, label: int, ends: tuple[float, float]) -> WakeWindow:
    return WakeWindow(f"{take.id}{suffix}", label, take.split, take.excerpt, ends)


def _after(take: Take, span_ms: tuple[float, float]) -> tuple[float, float]:
    return take.end + span_ms[0] / 1000, take.end + span_ms[1] / 1000


def _drawn(name: str, what: str, share: float) -> bool:
    """By the hash of the name: no draw depends on how many takes there are."""
    return stable_hash(f"{what}/{name}") < share * 2**64
