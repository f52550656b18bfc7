"""What is counted of a recogniser's answers: errors of words, sentences, intents, slots, and what should have been refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from edge_asr.training.error_rate import NO_ERRORS, ErrorRate, error_rate
from edge_asr.training.exact import ExactProportion
from edge_asr.training.speech_answers import Answer
from edge_asr.training.word_errors import Errors, Pair

FEWEST_SPEAKERS = 5
"""With fewer, utterances are drawn again instead: that few speakers tell nothing of how speakers differ."""


@dataclass(frozen=True)
class Understanding:
    """How sentences of a grammar were understood; what was rejected is wrong."""

    intents: ExactProportion
    slots: ExactProportion
    """Of the slots that were said, those found with their value, where the intent is right as well."""
    sentences: ExactProportion
    """With the intent, all slots and no other slot."""


@dataclass(frozen=True)
class SpeakerRate:
    """How one speaker fares."""

    speaker: str
    utterances: int
    words: Errors


@dataclass(frozen=True)
class Measured:
    """One decoder under one condition."""

    decoder: str
    condition: str
    words: ErrorRate
    characters: ErrorRate
    sentences: ExactProportion
    """Utterances without any error."""
    rejected: ExactProportion
    """Utterances in which speech was heard, and nothing accepted, of those that should have been recognised."""
    accepted_outside: ExactProportion
    """Utterances of which something was accepted, of those of which nothing should have been."""
    understanding: Understanding | None = None
    """With a grammar."""


def measure(decoder: str, condition: str, answers: Sequence[Answer]) -> Measured:
    """Count `answers`, all of one decoder under one condition."""
    inside = [answer for answer in answers if not answer.subject.outside]
    outside = [answer for answer in answers if answer.subject.outside]
    groups, words = independent(inside), [answer.words for answer in inside]
    grammar = any(answer.subject.meaning for answer in inside)
    return Measured(
        decoder,
        condition,
        error_rate(words, groups),
        error_rate([answer.characters for answer in inside], groups),
        ExactProportion(sum(not errors.count for errors in words), len(inside)),
        ExactProportion(sum(answer.rejected for answer in inside), len(inside)),
        ExactProportion(sum(_acts(answer, grammar) for answer in outside), len(outside)),
        understanding(inside),
    )


def _acts(answer: Answer, grammar: bool) -> bool:
    """Whether a device would do something: with a grammar, only where something was understood."""
    return any(one.intent or not grammar for one in answer.accepted)


def understanding(answers: Sequence[Answer]) -> Understanding | None:
    """Intents and slots of the answers to sentences whose meaning is known; None where there is none."""
    meant = [(answer.subject.meaning, answer.meaning) for answer in answers if answer.subject.meaning]
    if not meant:
        return None
    right = [found is not None and found.intent == wanted.intent for wanted, found in meant]
    slots = [len(wanted.slots & found.slots) if found and same else 0 for (wanted, found), same in zip(meant, right)]
    return Understanding(
        ExactProportion(sum(right), len(meant)),
        ExactProportion(sum(slots), sum(len(wanted.slots) for wanted, _ in meant)),
        ExactProportion(sum(wanted == found for wanted, found in meant), len(meant)),
    )


def independent(answers: Sequence[Answer]) -> list[Hashable]:
    """The speaker of each answer where speakers are known and many enough, else each answer's own number."""
    speakers = [answer.subject.utterance.speaker for answer in answers]
    known = None not in speakers and len(set(speakers)) >= FEWEST_SPEAKERS
    return list(speakers) if known else list(range(len(answers)))


def confusions(answers: Sequence[Answer]) -> Counter[Pair]:
    """How often which word was taken for which; right ones are counted too. None is no word."""
    return Counter(pair for answer in answers if not answer.subject.outside for pair in answer.pairs)


def speaker_rates(answers: Sequence[Answer]) -> tuple[SpeakerRate, ...]:
    """Errors of each known speaker, the most errors a word first."""
    by_speaker: dict[str, list[Errors]] = {}
    for answer in answers:
        speaker = answer.subject.utterance.speaker
        if speaker is not None and not answer.subject.outside:
            by_speaker.setdefault(speaker, []).append(answer.words)
    rates = [SpeakerRate(name, len(found), sum(found, NO_ERRORS)) for name, found in by_speaker.items()]
    spoke = [rate for rate in rates if rate.words.said]
    return tuple(sorted(spoke, key=lambda rate: (-rate.words.rate, rate.speaker)))


def worst(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Answers with errors, most of them first; of what should have been refused, each word is one."""
    wrong = [answer for answer in answers if answer.words.count]
    return tuple(sorted(wrong, key=lambda answer: (-answer.words.count, answer.subject.utterance.id)))


def quantiles(rates: Sequence[SpeakerRate]) -> tuple[float, ...]:
    """Error rates of the best, quarter, median, three-quarter and worst speaker; empty without speakers."""
    if not rates:
        return ()
    values = [rate.words.rate for rate in rates]
    return tuple(float(value) for value in np.quantile(values, (0.0, 0.25, 0.5, 0.75, 1.0)))
