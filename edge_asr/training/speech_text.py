"""A measurement of a recogniser as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from edge_asr.data.clips import describe_left_out

if TYPE_CHECKING:
    from edge_asr.training.exact import ExactProportion
    from edge_asr.training.other_speech import OtherSpeech
    from edge_asr.training.speech_evaluate import SpeechEvaluation
    from edge_asr.training.speech_measure import Measured, Understanding

COLUMN = 25
"""Characters."""
MOST_CONFUSIONS = 12
NOTHING = "(nothing)"


def speech_text(evaluation: SpeechEvaluation) -> str:
    """Error rates of each decoder under each condition, what was understood and refused, what was taken for what; 95 %."""
    model = evaluation.model
    lines = [
        f"{model.bundle} ({model.size:,} bytes, {model.form} form, {model.interpreter}) on {evaluation.data}: "
        f"{evaluation.utterances} utterances, {evaluation.speakers or 'no known'} speakers"
        f"{describe_left_out(evaluation.left_out)}"
    ]
    lines += _table("word error rate", evaluation, lambda one: str(one.words))
    first = evaluation.headline
    lines += ["", f"{first.decoder}, {first.condition}: words {first.words.errors}"]
    lines.append(f"  characters {first.characters}, utterances without an error {first.sentences}")
    lines.append(f"  rejected {first.rejected}")
    lines += _meaning(evaluation)
    if first.accepted_outside.total:
        lines += _table("accepted of what should be refused", evaluation, lambda one: str(one.accepted_outside))
    if evaluation.other_speech:
        lines += ["", other_speech_text(evaluation.other_speech)]
    return "\n".join([*lines, *_confusions(evaluation)])


def other_speech_text(other: OtherSpeech) -> str:
    """One line about audio in which nothing should be accepted."""
    return (
        f"{other.name}, {other.rate.hours:.2f} hours: accepted {other.rate}, "
        f"of {other.stretches.total} stretches of speech {other.stretches}"
    )


def _table(title: str, evaluation: SpeechEvaluation, cell: Callable[[Measured], str]) -> list[str]:
    width = max(len(name) for name in (*evaluation.decoders, title)) + 2
    lines = ["", f"{title:<{width}}" + "".join(f"{name:<{COLUMN}}" for name in evaluation.conditions).rstrip()]
    for decoder in evaluation.decoders:
        cells = [cell(evaluation.of(decoder, condition)) for condition in evaluation.conditions]
        lines.append((f"{decoder:<{width}}" + "".join(f"{text:<{COLUMN}}" for text in cells)).rstrip())
    return lines


def _meaning(evaluation: SpeechEvaluation) -> Iterator[str]:
    parts: tuple[tuple[str, Callable[[Understanding], ExactProportion]], ...] = (
        ("intents right", lambda found: found.intents),
        ("slots right", lambda found: found.slots),
        ("understood", lambda found: found.sentences),
    )
    if evaluation.headline.understanding is not None:
        for title, part in parts:
            yield from _table(title, evaluation, lambda one, part=part: str(part(one.understanding)))  # type: ignore[misc]


def _confusions(evaluation: SpeechEvaluation) -> Iterator[str]:
    wrong = [(pair, count) for pair, count in evaluation.confusions.most_common() if pair[0] != pair[1]]
    if wrong:
        some = (f"{said or NOTHING} > {got or NOTHING} {count}" for (said, got), count in wrong[:MOST_CONFUSIONS])
        yield f"taken for another: {', '.join(some)}{', ...' if len(wrong) > MOST_CONFUSIONS else ''}"
