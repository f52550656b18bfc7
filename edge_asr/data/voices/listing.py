"""The engines and their voices as text, for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from edge_asr.data.voices import Engine

WIDTH = 120
COLUMN = 10
"""Characters of the first column."""


def voices_text(engines: Sequence[Engine], language: str = "", *, every: bool = False) -> str:
    """A paragraph for each engine: how many voices speak `language` (empty for any), languages, licences, how to get more.

    `every`: each voice has a line as well.
    """
    spoken = sum(len(engine.voices) for engine in engines)
    found = sum(not engine.problem for engine in engines)
    total = f"{_count(spoken, 'voice')}{f' for {language}' if language else ''}, {_count(found, 'engine')} found"
    return "\n".join([*(line for engine in engines for line in _paragraph(engine, language, every)), "", total])


def _paragraph(engine: Engine, language: str, every: bool) -> Iterator[str]:
    if engine.problem:
        yield _row(engine.name, f"not found: {engine.problem}")
        return
    if not engine.voices:
        yield _row(engine.name, f"no voice for {language}")
    else:
        languages = sorted({voice.language if language else voice.language.partition("-")[0] for voice in engine.voices})
        yield _row(engine.name, f"{_count(len(engine.voices), 'voice')}: {', '.join(languages)}")
        for licence in sorted({voice.licence for voice in engine.voices}):
            yield _row("", f"licence: {licence}")
    yield _row("", f"more: {engine.how_to_get}")
    if every:
        for voice in engine.voices:
            yield _row("", f"{voice.name}  {voice.language}  {voice.licence}")


def _row(first: str, text: str) -> str:
    indent = " " * COLUMN
    return textwrap.fill(text, WIDTH, initial_indent=first.ljust(COLUMN), subsequent_indent=indent, break_on_hyphens=False)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
