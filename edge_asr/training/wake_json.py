"""A measurement of wake words for machines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.config import to_table
from edge_asr.training.det import OperatingPoint
from edge_asr.training.evaluate import proportion_json
from edge_asr.training.rate import Rate
from edge_asr.training.wake_evaluate import WakeEvaluation, WordResult


def wake_json(evaluation: WakeEvaluation) -> dict[str, Any]:
    """Everything in `evaluation` as plain lists, numbers and texts, for `json.dumps`; times in seconds, rates an hour."""
    return {
        "bundle": evaluation.bundle,
        "model_sha256": evaluation.model_sha256,
        "model_bytes": evaluation.model_bytes,
        "form": evaluation.form,
        "interpreter": evaluation.interpreter,
        "detect": to_table(evaluation.detect),
        "positives": evaluation.positives,
        "negatives": evaluation.negatives,
        "hours": evaluation.hours,
        "conditions": list(evaluation.conditions),
        "words": [_word(word) for word in evaluation.words],
        "confusions": [{"said": said, "detected": got, "count": count} for (said, got), count in evaluation.confusions.items()],
        "left_out": [{"path": str(item.path), "why": item.why} for item in evaluation.left_out],
    }


def _word(word: WordResult) -> dict[str, Any]:
    at_rates = word.curve.at_rates.items()
    return {
        "label": word.label,
        "recordings": word.recordings,
        "shipped": _point(word.shipped),
        "at_rates": [{"at_most": rate, "point": None if point is None else _point(point)} for rate, point in at_rates],
        "curve": [_point(point) for point in word.curve.points],
        "latency": {condition: _latency(seconds) for condition, seconds in word.latencies.items()},
        "misses": [{"clip": miss.clip.positive.name, "condition": miss.condition, "score": miss.score} for miss in word.misses],
        "false_accepts": [
            {"path": str(event.path), "time": event.time, "score": event.score, "fires": event.score >= word.shipped.threshold}
            for event in word.false_accepts
        ],
    }


def _point(point: OperatingPoint) -> dict[str, Any]:
    return {
        "threshold": point.threshold,
        "false_accepts": _rate(point.false_accepts),
        "missed": {condition: proportion_json(missed) for condition, missed in point.misses.items()},
    }


def _rate(rate: Rate) -> dict[str, Any]:
    return {"per_hour": rate.value, "interval95": list(rate.interval), "events": rate.events, "hours": rate.hours}


def _latency(seconds: NDArray[np.float64]) -> dict[str, Any]:
    if not len(seconds):
        return {"median": None, "p95": None}
    return {"median": float(np.median(seconds)), "p95": float(np.quantile(seconds, 0.95))}
