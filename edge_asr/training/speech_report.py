"""The page about a recogniser: one HTML file with error rates, confusions, speakers, and the worst utterances to listen to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.audio_file import read_excerpt
from edge_asr.errors import AudioError
from edge_asr.runtime.encode_wav import encode_wav
from edge_asr.training.other_speech import Accepted
from edge_asr.training.page import data_uri, render_page, write_page
from edge_asr.training.plots import spectrogram_png
from edge_asr.training.rejection_plot import rejection_svg
from edge_asr.training.speech_answers import Answer
from edge_asr.training.speech_evaluate import SpeechEvaluation
from edge_asr.training.speech_hear import load_utterance
from edge_asr.training.speech_measure import FEWEST_SPEAKERS, quantiles
from edge_asr.training.word_errors import Pair

MOST_EXAMPLES = 12
"""Utterances with errors, and likewise what should have been refused; each costs about 100 kB of page."""
LARGEST_MATRIX = 24
"""Words up to which each is shown against each."""
MOST_CONFUSED = 30
NOTHING = "(nothing)"
AROUND_SECONDS = 0.3
"""What is heard around what should have been refused."""

PARTS = {
    "words": "words",
    "characters": "characters",
    "sentences": "sentences",
    "rejected": "rejected",
    "outside": "accepted_outside",
    "intents": "understanding.intents",
    "slots": "understanding.slots",
    "understood": "understanding.sentences",
}
"""What the page's tables show of each result."""


@dataclass(frozen=True)
class Matrix:
    """Each word against each."""

    labels: tuple[str, ...]
    """The last is no word."""
    counts: list[list[int]]
    totals: list[int]
    """Of each row; at least 1."""


@dataclass(frozen=True)
class Example:
    """Something that went wrong, to look at and to listen to; both are empty where it can't be read any more."""

    spectrogram: str = ""
    """PNG as a data URI."""
    audio: str = ""
    """WAV as a data URI."""
    name: str = ""
    answer: Answer | None = None
    event: Accepted | None = None


def write_speech_report(path: Path, evaluation: SpeechEvaluation) -> None:
    """Write the page to `path`. Raises `TrainingError` when it can't be written or jinja2 or matplotlib are missing."""
    write_page(path, render_speech_report(evaluation))


def render_speech_report(evaluation: SpeechEvaluation) -> str:
    """The page as text. Transcripts, paths and everything else that is not ours is escaped."""
    rate = evaluation.model.sample_rate
    other = evaluation.other_speech
    return render_page(
        "speech.html.j2",
        e=evaluation,
        **{name: attrgetter(part) for name, part in PARTS.items()},
        matrix=_matrix(evaluation.confusions),
        confused=[item for item in evaluation.confusions.most_common() if item[0][0] != item[0][1]][:MOST_CONFUSED],
        over_speakers=evaluation.speakers >= FEWEST_SPEAKERS,
        spread=quantiles(evaluation.by_speaker),
        examples=[_wrong(answer, rate) for answer in evaluation.worst[:MOST_EXAMPLES]],
        limits=rejection_svg(evaluation.limits.curve, evaluation.limits.shipped) if evaluation.limits else "",
        accepted=[_accepted(event, rate) for event in other.accepted[:MOST_EXAMPLES]] if other else [],
    )


def _matrix(confusions: Counter[Pair]) -> Matrix | None:
    words = sorted({word for pair in confusions for word in pair if word is not None})
    if not 2 <= len(words) <= LARGEST_MATRIX:
        return None
    order = (*words, None)
    counts = [[confusions[said, got] for got in order] for said in order]
    return Matrix((*words, NOTHING), counts, [max(1, sum(row)) for row in counts])


def _wrong(answer: Answer, rate: int) -> Example:
    utterance = answer.subject.utterance
    spectrogram, audio = _show(lambda: load_utterance(utterance, rate), rate)
    return Example(spectrogram, audio, answer=answer)


def _accepted(event: Accepted, rate: int) -> Example:
    start = max(event.start - AROUND_SECONDS, 0.0)
    spectrogram, audio = _show(lambda: read_excerpt(event.path, rate, start, event.end + AROUND_SECONDS - start), rate)
    return Example(spectrogram, audio, f"{'/'.join(event.path.parts[-2:])} at {event.start:.1f} s", event=event)


def _show(load: Callable[[], NDArray[np.float32]], rate: int) -> tuple[str, str]:
    try:
        samples = load()
    except AudioError:
        return "", ""
    return data_uri("image/png", spectrogram_png(samples, rate)), data_uri("audio/wav", encode_wav(samples, rate))
