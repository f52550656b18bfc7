"""A measurement of a recogniser for machines."""

from __future__ import annotations

from typing import Any

from edge_asr.config import to_table
from edge_asr.training.error_rate import ErrorRate
from edge_asr.training.evaluate import proportion_json
from edge_asr.training.other_speech import OtherSpeech
from edge_asr.training.rejection import Limit, Limits, RejectionPoint
from edge_asr.training.speech_answers import Answer
from edge_asr.training.speech_evaluate import SpeechEvaluation
from edge_asr.training.speech_measure import Measured, Understanding


def speech_json(evaluation: SpeechEvaluation) -> dict[str, Any]:
    """Everything in `evaluation` as plain lists, numbers and texts, for `json.dumps`; times in seconds, rates as shares."""
    other = evaluation.other_speech
    return {
        "bundle": evaluation.model.bundle,
        "model": to_table(evaluation.model),
        "data": evaluation.data,
        "utterances": evaluation.utterances,
        "speakers": evaluation.speakers,
        "seconds": evaluation.seconds,
        "results": [_result(one) for one in evaluation.results],
        "confusions": [{"said": said, "got": got, "count": n} for (said, got), n in evaluation.confusions.most_common()],
        "by_speaker": [
            {"speaker": one.speaker, "utterances": one.utterances, "words": to_table(one.words), "rate": one.words.rate}
            for one in evaluation.by_speaker
        ],
        "wrong": [_answer(answer) for answer in evaluation.worst],
        "limits": None if evaluation.limits is None else _limits(evaluation.limits, evaluation.model.limit),
        "other_speech": None if other is None else _other(other),
        "left_out": [{"path": str(item.path), "why": item.why} for item in evaluation.left_out],
    }


def _result(one: Measured) -> dict[str, Any]:
    return {
        "decoder": one.decoder,
        "condition": one.condition,
        "word_error_rate": _rate(one.words),
        "character_error_rate": _rate(one.characters),
        "sentences_right": proportion_json(one.sentences),
        "rejected": proportion_json(one.rejected),
        "accepted_outside": proportion_json(one.accepted_outside),
        "understanding": None if one.understanding is None else _understanding(one.understanding),
    }


def _rate(rate: ErrorRate) -> dict[str, Any]:
    interval = None if rate.interval is None else list(rate.interval)
    return {"value": rate.value, "interval95": interval, **to_table(rate.errors)}


def _understanding(found: Understanding) -> dict[str, Any]:
    return {
        "intents": proportion_json(found.intents),
        "slots": proportion_json(found.slots),
        "sentences": proportion_json(found.sentences),
    }


def _answer(answer: Answer) -> dict[str, Any]:
    utterance = answer.subject.utterance
    return {
        "id": utterance.id,
        "speaker": utterance.speaker,
        "said": utterance.text,
        "got": answer.text,
        "transcripts": [to_table(one) for one in answer.transcripts],
    }


def _limits(limits: Limits, limit: Limit) -> dict[str, Any]:
    return {"limit": limit, "shipped": _point(limits.shipped), "curve": [_point(point) for point in limits.curve]}


def _point(point: RejectionPoint) -> dict[str, Any]:
    inside, outside = proportion_json(point.inside), proportion_json(point.outside)
    return {"value": point.value, "accepted_inside": inside, "accepted_outside": outside}


def _other(other: OtherSpeech) -> dict[str, Any]:
    return {
        "name": other.name,
        "hours": other.rate.hours,
        "accepted": other.rate.events,
        "per_hour": other.rate.value,
        "interval95_per_hour": list(other.rate.interval),
        "stretches": proportion_json(other.stretches),
        "events": [to_table(event) for event in other.accepted],
    }
