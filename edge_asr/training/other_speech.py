"""Sound in which a recogniser should recognise nothing: what it accepts there, and what other limits would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_asr.data.clips import LeftOut, Split
from edge_asr.data.negatives import read_negatives, streams
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.speech_engine import SpeechEngine
from edge_asr.training.exact import ExactProportion
from edge_asr.training.rate import Rate
from edge_asr.training.rejection import Limit, limit_of, sureness
from edge_asr.training.speech_answers import Answer
from edge_asr.training.speech_hear import HeardStretch, hear_streams


@dataclass(frozen=True)
class Accepted:
    """Something that was accepted where nothing should have been."""

    path: Path
    start: float
    """Seconds in the file."""
    end: float
    text: str
    confidence: float
    """0 to 1."""


@dataclass(frozen=True)
class OtherSpeech:
    """Hours of such sound."""

    name: str
    rate: Rate
    """Accepted transcripts an hour."""
    stretches: ExactProportion
    """Accepted, of the stretches of speech that were heard."""
    accepted: tuple[Accepted, ...]
    """The surest first."""
    sureness: tuple[float, ...]
    """Of each stretch; see `rejection.sureness`."""
    left_out: tuple[LeftOut, ...] = ()


def hear_other_speech(
    bundle: Path,
    engine: SpeechEngine,
    places: Sequence[Path],
    cache: Path,
    *,
    split: Split | None = None,
    workers: int = 1,
    progress: Progress = no_progress,
) -> OtherSpeech:
    """Let `bundle`, which `engine` has loaded, hear all sound in `places`, or only a split of it.

    Files that are known to say a word of the bundle (where it writes words and has no grammar) are left out.
    Raises any `EdgeAsrError`.
    """
    closed = engine.spec.unit == "words" and engine.grammar is None
    found = read_negatives(places, phrases=engine.tokens[1:] if closed else (), progress=progress)
    windows = streams(found, split)
    heard, broken = hear_streams(bundle, windows, cache, workers=workers, progress=progress)
    limit = limit_of(engine.assets)
    accepted = [one for one in heard if _accepts(engine, one)]
    accepted.sort(key=lambda one: -sureness([one.transcript], limit))
    unread = {item.path for item in broken}
    seconds = sum(piece.seconds for window in windows for piece in window.pieces if piece.clip.path not in unread)
    return OtherSpeech(
        ", ".join(place.resolve().name for place in places),
        Rate(len(accepted), seconds / 3600),
        ExactProportion(len(accepted), len(heard)),
        tuple(_where(one) for one in accepted),
        tuple(sureness([one.transcript], limit) for one in heard),
        (*found.left_out, *broken),
    )


def sides(answers: Sequence[Answer], other: OtherSpeech | None, limit: Limit) -> tuple[list[float], list[float]]:
    """How sure a recogniser that refuses nothing is of what should be accepted and is right, and of what should be refused."""
    inside = [sureness(answer.transcripts, limit) for answer in answers if not answer.subject.outside and answer.right]
    outside = [sureness(answer.transcripts, limit) for answer in answers if answer.subject.outside]
    return inside, [*outside, *(other.sureness if other else ())]


def _accepts(engine: SpeechEngine, one: HeardStretch) -> bool:
    said, spec = one.transcript, engine.spec
    return bool(said.text) and said.penalty <= spec.max_penalty and said.confidence >= spec.min_confidence


def _where(one: HeardStretch) -> Accepted:
    """By its words: a stretch may begin in the file before, with other sound."""
    said = one.transcript
    start, end = one.start + said.words[0].start, min(one.start + said.words[-1].end, one.end)
    piece = one.window.piece_at(start)
    moved = piece.start - piece.at
    return Accepted(piece.clip.path, start + moved, end + moved, said.text, said.confidence)
