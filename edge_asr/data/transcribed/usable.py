"""Whether what a list says can be learnt from: one row in, an utterance or the reason against it out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_asr.data.audio_file import audio_seconds
from edge_asr.data.clips import LeftOut
from edge_asr.data.transcribed.normalize import Normalized, normalize
from edge_asr.data.transcribed.row import Row, is_file
from edge_asr.errors import AudioError

SHORTEST, LONGEST = 0.1, 120.0
"""Seconds. What lasts longer is no utterance: its transcript can't be aligned within any memory."""
LETTERS_A_SECOND = 40.0
"""Nobody speaks so fast; auctioneers reach 25."""
SECONDS_A_WORD = 10.0
"""Nobody speaks so slowly, over a whole utterance: the transcript is of another recording, or of a part of it."""


@dataclass(frozen=True)
class Usable:
    """A row that stood the test."""

    row: Row
    normalized: Normalized
    seconds: float


def check_row(row: Row, language: str) -> Usable | LeftOut:
    """`row` with its text normalised and its length known; the file's header is read where no list says how long it is."""
    if not _encodable(row.id) or not _encodable(str(row.path)):
        return LeftOut(Path(repr(row.path.name)), "name that no file can have")
    if not row.text.strip():
        return LeftOut(row.path, "no text")
    normalized = normalize(row.text, language)
    if normalized.missing:
        return LeftOut(row.path, f"text with what can't be written in the language's letters: {normalized.missing[:40]}")
    if not normalized.text:
        return LeftOut(row.path, f"text with no letter: {row.text.strip()[:40]}")
    if not is_file(row.path):
        return LeftOut(row.path, "no such audio file")
    return _timed(row, normalized)


def _timed(row: Row, normalized: Normalized) -> Usable | LeftOut:
    try:
        seconds = row.seconds or audio_seconds(row.path) - row.start
    except AudioError as err:
        return LeftOut(row.path, str(err).removeprefix(f"{row.path}: "))
    letters, words = len(normalized.text), len(normalized.text.split())
    if not SHORTEST <= seconds <= LONGEST:
        return LeftOut(row.path, f"not {SHORTEST:g} to {LONGEST:g} s long: {seconds:.2f} s")
    if letters > LETTERS_A_SECOND * seconds:
        return LeftOut(row.path, f"more text than can be said in the time: {letters} letters in {seconds:.2f} s")
    if seconds > SECONDS_A_WORD * (words + 1):
        return LeftOut(row.path, f"less text than is said in the time: {words} words in {seconds:.1f} s")
    return Usable(row, normalized, seconds)


def _encodable(text: str) -> bool:
    """Without lone surrogates and control characters, which would break whatever lists it later."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in text and "\n" not in text
