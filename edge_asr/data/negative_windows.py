"""Continuous listening made of negatives: windows of some seconds for training, streams of minutes for mining and measuring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.audio_file import read_excerpt
from edge_asr.data.clips import LeftOut, Split
from edge_asr.data.negative_clips import Kind, NegativeClip, Negatives
from edge_asr.errors import AudioError, DataError

GAP_SECONDS = (0.05, 0.4)
"""Between short clips in a window, drawn evenly."""
STREAM_GAP_SECONDS = 0.3
STREAM_SECONDS = 300.0
"""Short clips are joined to streams of about this."""
SHORT = 10.0
"""Seconds. Only shorter clips are joined."""
FADE_SECONDS = 0.005
"""At both ends of each of several pieces: a click would tell that something was joined here."""


@dataclass(frozen=True)
class Piece:
    """A part of a file, and where in the window it is heard. All in seconds."""

    clip: NegativeClip
    start: float
    """In the file."""
    seconds: float
    at: float
    """In the window."""


@dataclass(frozen=True)
class Window:
    """A plan of what is heard: pieces one after the other, silence between them."""

    name: str
    seconds: float
    pieces: tuple[Piece, ...]

    def piece_at(self, second: float) -> Piece:
        """The piece that is heard at `second`, or was the last one before it."""
        return next((piece for piece in reversed(self.pieces) if piece.at <= second), self.pieces[0])


def draw_windows(
    negatives: Negatives, count: int, seconds: float, rng: np.random.Generator, split: Split, *, kind: Kind = "speech"
) -> tuple[Window, ...]:
    """`count` windows of `seconds` each, drawn evenly over the time (not over the files) of one split and kind.

    Where a clip is shorter than the window, the window begins somewhere in it and goes on with other short clips, each
    after a drawn gap. Raises `DataError` when there is no such clip.
    """
    clips = negatives.of(split, kind)
    if not clips:
        raise DataError(f"expected {kind} of the {split} split among the negatives, found none")
    short = [clip for clip in clips if clip.seconds < seconds]
    ends, short_ends = (np.cumsum([clip.seconds for clip in some]) for some in (clips, short))
    windows: list[Window] = []
    for _ in range(count):
        clip, moment = _draw(clips, ends, rng)
        if clip.seconds < seconds:
            pieces = _join(clip, moment, seconds, lambda: _draw(short, short_ends, rng)[0], rng)
        else:
            begin = float(np.clip(moment - rng.random() * seconds, 0.0, clip.seconds - seconds))
            pieces = (Piece(clip, clip.start + begin, seconds, 0.0),)
        windows.append(Window(clip.path.stem, seconds, pieces))
    return tuple(windows)


def load_window(window: Window, rate: int, *, broken: Callable[[LeftOut], None] | None = None) -> NDArray[np.float32]:
    """The sound of `window` at `rate` Hz: float32 (round(seconds * rate),) mono in [-1, 1].

    A piece that can't be read raises `AudioError`, or, with `broken`, is told to it and stays silent.
    """
    samples = np.zeros(round(window.seconds * rate), np.float32)
    for piece in window.pieces:
        try:
            sound = read_excerpt(piece.clip.path, rate, piece.start, piece.seconds)
        except AudioError as err:
            if broken is None:
                raise
            broken(LeftOut(piece.clip.path, str(err).removeprefix(f"{piece.clip.path}: ")))
            continue
        begin = round(piece.at * rate)
        sound = sound[: len(samples) - begin]
        samples[begin : begin + len(sound)] = sound if len(window.pieces) == 1 else _faded(sound, round(FADE_SECONDS * rate))
    return samples


def streams(negatives: Negatives, split: Split | None = None, kind: Kind | None = None) -> tuple[Window, ...]:
    """Everything of a split and kind (None takes all), once: long clips by themselves, short ones of a folder joined."""
    clips = negatives.of(split, kind)
    long = (clip for clip in clips if clip.seconds >= SHORT)
    found = [Window(_name(clip), clip.seconds, (Piece(clip, clip.start, clip.seconds, 0.0),)) for clip in long]
    for folder, group in groupby((clip for clip in clips if clip.seconds < SHORT), key=lambda clip: clip.path.parent):
        pieces: list[Piece] = []
        at, number = 0.0, 1
        for clip in group:
            if at + clip.seconds > STREAM_SECONDS:
                found.append(Window(f"{folder.name} ({number})", at, tuple(pieces)))
                pieces, at, number = [], 0.0, number + 1
            pieces.append(Piece(clip, clip.start, clip.seconds, at))
            at += clip.seconds + STREAM_GAP_SECONDS
        found.append(Window(f"{folder.name} ({number})", at, tuple(pieces)))
    return tuple(found)


def stream(
    negatives: Negatives,
    split: Split | None,
    rate: int,
    *,
    kind: Kind | None = None,
    broken: Callable[[LeftOut], None] | None = None,
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Name and sound (float32 mono at `rate` Hz) of each of `streams`, one at a time, so that memory stays bounded.

    `broken` as in `load_window`.
    """
    for window in streams(negatives, split, kind):
        yield window.name, load_window(window, rate, broken=broken)


def _draw(clips: Sequence[NegativeClip], ends: NDArray[np.float64], rng: np.random.Generator) -> tuple[NegativeClip, float]:
    """A clip, each as likely as it is long, and a moment in it (seconds from the clip's beginning)."""
    point = rng.uniform(0.0, ends[-1])
    index = min(int(np.searchsorted(ends, point, side="right")), len(clips) - 1)
    return clips[index], point - (ends[index] - clips[index].seconds)


def _join(
    first: NegativeClip, begin: float, seconds: float, another: Callable[[], NegativeClip], rng: np.random.Generator
) -> tuple[Piece, ...]:
    """`first` from `begin` on, then further clips until `seconds` are full; the last one is cut."""
    pieces = [Piece(first, first.start + begin, first.seconds - begin, 0.0)]
    at = first.seconds - begin + rng.uniform(*GAP_SECONDS)
    while at < seconds:
        clip = another()
        pieces.append(Piece(clip, clip.start, min(clip.seconds, seconds - at), at))
        at += clip.seconds + rng.uniform(*GAP_SECONDS)
    return tuple(pieces)


def _faded(sound: NDArray[np.float32], fade: int) -> NDArray[np.float32]:
    ramp = np.linspace(0.0, 1.0, min(fade, len(sound)), dtype=np.float32)
    faded = sound.copy()
    faded[: len(ramp)] *= ramp
    faded[len(sound) - len(ramp) :] *= ramp[::-1]
    return faded


def _name(clip: NegativeClip) -> str:
    return f"{clip.path.parent.name}/{clip.path.stem}" + (f" from {clip.start:.0f} s" if clip.start else "")
