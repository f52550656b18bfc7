"""A measurement of wake words as lines of text, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge_asr.data.clips import describe_left_out

if TYPE_CHECKING:
    from edge_asr.training.det import OperatingPoint
    from edge_asr.training.wake_evaluate import WakeEvaluation, WordResult

RATE_COLUMN, COLUMN = 24, 13
"""Characters."""


def wake_text(evaluation: WakeEvaluation) -> str:
    """Misses and false accepts as shipped and at each rate, latency, and what was left out; intervals are 95 %."""
    recordings = sum(word.recordings for word in evaluation.words)
    lines = [
        f"{evaluation.bundle} ({evaluation.model_bytes:,} bytes, {evaluation.form} form, {evaluation.interpreter}): "
        f"{recordings} recordings of {evaluation.positives}, {evaluation.hours:.2f} hours of {evaluation.negatives}"
        f"{describe_left_out(evaluation.left_out)}"
    ]
    for word in evaluation.words:
        lines += ["", *_table(word, evaluation)]
    lines += [f"“{got}” detected in recordings of “{said}”: {count}" for (said, got), count in evaluation.confusions.items()]
    return "\n".join(lines)


def _table(word: WordResult, evaluation: WakeEvaluation) -> list[str]:
    shown = evaluation.conditions
    head = "".join(f"{name:<{COLUMN}}" for name in shown)
    lines = [f"{word.label}:", f"{'':<11}{'threshold':<11}{'false accepts':<{RATE_COLUMN}}missed: {head}".rstrip()]
    lines.append(_row("as shipped", word.shipped, shown))
    few = False
    for rate, point in word.curve.at_rates.items():
        mark = "" if word.shipped.false_accepts.can_tell(rate) else "*"
        few = few or bool(mark)
        name = f"{rate:g}/h{mark}"
        lines.append(f"{name:<10}no threshold has so few" if point is None else _row(name, point, shown))
    if few:
        lines.append(f"* {evaluation.hours:.2f} hours are too few to tell: less than one event is expected at this rate")
    clean = word.latencies[evaluation.conditions[0]]
    if len(clean):
        lines.append(
            f"latency from the end of the word: median {np.median(clean):.2f} s, 95 % within {np.quantile(clean, 0.95):.2f} s"
        )
    return lines


def _row(name: str, point: OperatingPoint, conditions: tuple[str, ...]) -> str:
    missed = "".join(f"{_percent(point.misses[condition].value):<{COLUMN}}" for condition in conditions)
    return f"{name:<10} {point.threshold:<10.4g} {point.false_accepts!s:<{RATE_COLUMN}}        {missed}".rstrip()


def _percent(share: float | None) -> str:
    return "n/a" if share is None else f"{100 * share:.1f} %"
