"""What a bundle hears in a clip, as few numbers as tell two machines apart; and the file that keeps what it should hear."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge_asr.bundle.store import Bundle
from edge_asr.config import build, setting, to_table
from edge_asr.errors import ConfigError, DeployError
from edge_asr.files import write_whole
from edge_asr.runtime.board import RunSpec
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.runtime.events import Detection, Event, Final
from edge_asr.runtime.speech_engine import SpeechEngine, load_speech_engine
from edge_asr.runtime.speech_stream import SpeechStream

EXPECTED_LIMIT = 1 << 20
"""Bytes of an `expected.json`."""
SCORE_TOLERANCE = 0.05
"""Sets of kernels differ by up to 2 steps of an int8 logit; that moves a smoothed posterior by some hundredths."""
CLOCK_S = 1e-6
"""Times that differ by less are equal; they are whole samples."""


@dataclass(frozen=True)
class Heard:
    """A detection, or an utterance."""

    what: str
    """The label, or the text."""
    start: float
    """Seconds."""
    end: float
    score: float
    """Score or confidence, 0 to 1, not rounded."""


@dataclass(frozen=True)
class Expected:
    """`expected.json`: what was heard where the release was made."""

    form: str
    """Of the model that ran."""
    package: str
    """The interpreter's, with its version."""
    kernels: str
    accelerator: str
    step_s: float = setting(min=0.0)
    """Seconds from one run of the model to the next."""
    events: tuple[Heard, ...] = ()


def load_runner(bundle: Bundle, run: RunSpec) -> Engine | SpeechEngine:
    """The bundle's engine, as `run` says. Raises what `load_engine` does."""
    form, kernels = run.form or None, run.kernels
    if bundle.manifest.kind == "speech":
        return load_speech_engine(bundle, form=form, threads=run.threads, kernels=kernels, accelerator=run.accelerator)
    return load_engine(bundle, form=form, threads=run.threads, kernels=kernels, accelerator=run.accelerator)


def hear(engine: Engine | SpeechEngine, samples: NDArray[Any]) -> tuple[Heard, ...]:
    """What a new stream reports of `samples`, (n,) int16 at the engine's rate: detections, or utterances that say something."""
    stream = SpeechStream(engine, engine.decoder(), engine.spec.endpoint) if isinstance(engine, SpeechEngine) else engine.stream()
    return tuple(_heard([*stream.accept(samples), *stream.finish()]))


def expect(engine: Engine | SpeechEngine, samples: NDArray[Any]) -> Expected:
    """What another machine should hear of `samples`, by what this one hears."""
    manifest, about = engine.manifest, engine.interpreter.description
    step_ms = manifest.speech.step_ms if manifest.speech is not None else manifest.detect.step_ms
    package = f"{about.package} {about.version}"
    return Expected(engine.model.form, package, about.kernels, about.accelerator, step_ms / 1000, hear(engine, samples))


def difference(expected: Expected, heard: Sequence[Heard], *, exact: bool = False) -> str:
    """The first thing in which `heard` is not what was expected; empty: none.

    Labels and texts must be equal, times within a step, and scores within `SCORE_TOLERANCE` where the times are equal: a
    decision that falls a step later has the score of that step. With `exact` all is equal to the last bit, as it is with the
    same kernels.
    """
    said, found = ([event.what for event in events] for events in (expected.events, heard))
    if said != found:
        return f"expected {_listed(said)}, heard {_listed(found)}"
    for one, other in zip(expected.events, heard):
        moved = max(abs(one.start - other.start), abs(one.end - other.end))
        if not moved <= (0.0 if exact else expected.step_s + CLOCK_S):
            return f"{one.what!r}: expected from {one.start:.3f} to {one.end:.3f} s, found {other.start:.3f} to {other.end:.3f} s"
        if not abs(one.score - other.score) <= (0.0 if exact else SCORE_TOLERANCE) and moved <= CLOCK_S:
            return f"{one.what!r}: expected a score of {one.score:.6g}, found {other.score:.6g}"
    return ""


def write_expected(path: Path, expected: Expected) -> None:
    """Write `expected.json`; the scores keep all their bits. Raises `OSError`."""
    write_whole(path, json.dumps(to_table(expected), indent=1).encode())


def read_expected(path: Path) -> Expected:
    """Read `expected.json`. Raises `DeployError` when it is missing or not such a file."""
    try:
        with path.open("rb") as file:
            content = file.read(EXPECTED_LIMIT + 1)
        table = json.loads(content.decode("utf-8"))
        return build(Expected, table if isinstance(table, dict) else {}, source=str(path))
    except (OSError, ValueError, RecursionError, ConfigError) as err:
        raise DeployError(f"{path}: expected the events of a self-test, found: {str(err)[:200]}; pack the release again") from err


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(map(repr, texts)) or "nothing"


def _heard(events: Sequence[Event]) -> Iterator[Heard]:
    for event in events:
        if isinstance(event, Detection):
            yield Heard(event.label, event.start, event.end, event.score)
        elif isinstance(event, Final) and event.text:
            yield Heard(event.text, event.start, event.end, event.confidence)
