"""The utterances that a recogniser is measured on, and what its decoders answered for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_asr.data.clips import LeftOut
from edge_asr.data.split import stable_hash
from edge_asr.data.transcribed import read_transcribed
from edge_asr.errors import DataError
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.ctc.hypothesis import Transcript
from edge_asr.runtime.grammar import Grammar
from edge_asr.runtime.speech_engine import SpeechEngine
from edge_asr.training.judge_wake import split_named
from edge_asr.training.speech_answers import Answer, Subject, subject
from edge_asr.training.speech_hear import HeardUtterances

EVERY_SPLIT = "all"


@dataclass(frozen=True)
class SpeechPlace:
    """Where utterances are, and which of them are heard."""

    path: Path
    reader: str = ""
    """Layout, a key of `data.transcribed.READERS`; empty: as it looks."""
    split: str = "test"
    """One of `SPLITS`, or `all`."""
    most: int = 0
    """At most so many utterances, those with the lowest hashes of their ids; 0: all."""

    @property
    def name(self) -> str:
        """What it is called where it is shown."""
        return f"{self.path.resolve().name}, {'every' if self.split == EVERY_SPLIT else self.split} split"


def read_subjects(
    engine: SpeechEngine, place: SpeechPlace, progress: Progress = no_progress
) -> tuple[tuple[Subject, ...], tuple[LeftOut, ...]]:
    """What `engine` is to recognise at `place`, and what was left out.

    Raises `ConfigError` for an unknown split, `DataError` as `read_transcribed` does and where nothing is left.
    """
    wanted = None if place.split == EVERY_SPLIT else split_named(place.split)
    found = read_transcribed(place.path, place.reader, language=engine.spec.language, progress=progress)
    chosen = sorted(
        (one for one in found.utterances if wanted in (None, one.split)), key=lambda one: (stable_hash(one.id), one.id)
    )
    words = frozenset(engine.tokens[1:]) if engine.spec.unit == "words" else frozenset[str]()
    subjects: list[Subject] = []
    left_out = list(found.left_out)
    for utterance in chosen:
        made = subject(utterance, engine.grammar, words)
        if made is None:
            left_out.append(LeftOut(utterance.path, f"says words that the bundle does not know: {utterance.text[:40]}"))
        elif not place.most or len(subjects) < place.most:
            subjects.append(made)
    if not any(not one.outside for one in subjects):
        raise DataError(
            f"{place.path}: expected utterances of what the bundle knows ({place.split} split), found "
            f"{len(subjects)} of other things and {len(left_out)} left out; --split all takes every one"
        )
    return tuple(subjects), tuple(left_out)


def answers_of(
    heard: HeardUtterances, subjects: Sequence[Subject], grammar: Grammar | None
) -> dict[tuple[str, str], tuple[Answer, ...]]:
    """The answers by decoder and condition. What a decoder without a grammar has written gets the meaning that its text has."""
    by_id = {one.utterance.id: one for one in subjects}
    return {
        key: tuple(
            Answer(by_id[utterance.id], tuple(_understood(one, grammar) for one in said))
            for utterance, said in zip(heard.utterances, transcripts, strict=True)
        )
        for key, transcripts in heard.transcripts.items()
    }


def _understood(transcript: Transcript, grammar: Grammar | None) -> Transcript:
    parses = grammar.parses(transcript.text.split()) if grammar is not None and not transcript.intent else ()
    return replace(transcript, intent=parses[0].intent, slots=parses[0].slots) if parses else transcript
