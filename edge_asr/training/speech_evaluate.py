"""Measuring a recogniser: what its decoders make of utterances under each condition, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_asr.bundle.speech import SpeechDecodeSpec
from edge_asr.data.clips import LeftOut
from edge_asr.training.other_speech import OtherSpeech
from edge_asr.training.rejection import Limit, Limits, limit_of
from edge_asr.training.speech_answers import Answer
from edge_asr.training.speech_measure import Measured, SpeakerRate, confusions, measure, speaker_rates, worst
from edge_asr.training.word_errors import Pair


@dataclass(frozen=True)
class Model:
    """What was measured."""

    bundle: str
    """Name of the bundle."""
    sha256: str
    size: int
    """Bytes."""
    form: str
    """Of the model that ran: `stream` or `window`."""
    interpreter: str
    """Package, version and kernels that ran it."""
    sample_rate: int
    """Hz."""
    decode: SpeechDecodeSpec
    assets: tuple[str, ...] = ()
    """Roles of the files that help it decode."""

    @property
    def limit(self) -> Limit:
        """What refuses."""
        return limit_of(self.assets)


@dataclass(frozen=True)
class SpeechEvaluation:
    """What came out."""

    model: Model
    data: str
    """Name of the utterances' source."""
    decoders: tuple[str, ...]
    """The first is what the rest of the evaluation is about."""
    conditions: tuple[str, ...]
    """Likewise."""
    results: tuple[Measured, ...]
    """Of each decoder, under each condition."""
    utterances: int
    speakers: int
    """Different speakers, among the utterances whose speaker is known."""
    seconds: float
    """Sound in all utterances."""
    confusions: Counter[Pair]
    by_speaker: tuple[SpeakerRate, ...]
    """The worst first."""
    worst: tuple[Answer, ...]
    limits: Limits | None = None
    """None where nothing should be refused."""
    other_speech: OtherSpeech | None = None
    left_out: tuple[LeftOut, ...] = ()

    def of(self, decoder: str, condition: str) -> Measured:
        """The result of a decoder under a condition."""
        return next(one for one in self.results if (one.decoder, one.condition) == (decoder, condition))

    @property
    def headline(self) -> Measured:
        """As shipped, in the first condition."""
        return self.results[0]


def evaluate_speech(
    model: Model,
    answers: Mapping[tuple[str, str], Sequence[Answer]],
    *,
    data: str,
    seconds: float,
    limits: Limits | None = None,
    other_speech: OtherSpeech | None = None,
    left_out: Sequence[LeftOut] = (),
) -> SpeechEvaluation:
    """Count `answers`, by decoder and condition: each to the same utterances, at least one; the first is what ships.

    `seconds` of sound are in the utterances; `limits` of rejection were tried; `left_out` are files that were not heard.
    """
    first = next(iter(answers.values()))
    people = {answer.subject.utterance.speaker for answer in first} - {None}
    return SpeechEvaluation(
        model,
        data,
        tuple(dict.fromkeys(decoder for decoder, _ in answers)),
        tuple(dict.fromkeys(condition for _, condition in answers)),
        tuple(measure(decoder, condition, found) for (decoder, condition), found in answers.items()),
        len(first),
        len(people),
        seconds,
        confusions(first),
        speaker_rates(first),
        worst(first),
        limits,
        other_speech,
        tuple(left_out),
    )
