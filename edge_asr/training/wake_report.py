"""The page about wake words: one HTML file with curves, thresholds, latency, and the worst clips to listen to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.audio_file import read_audio, read_excerpt
from edge_asr.errors import AudioError
from edge_asr.runtime.encode_wav import encode_wav
from edge_asr.training.det_plots import det_svg, latency_svg
from edge_asr.training.page import data_uri, render_page, write_page
from edge_asr.training.plots import spectrogram_png
from edge_asr.training.rendering import Rendering
from edge_asr.training.wake_evaluate import Miss, WakeEvaluation, WordResult
from edge_asr.training.wake_score import FalseAccept

MOST_CLIPS, FEWEST_CLIPS = 12, 3
"""Misses, and false accepts, of all words together, and of one word at least; each costs about 110 kB of page."""
BEFORE_SECONDS, AFTER_SECONDS = 1.8, 0.4
"""What is heard around the moment of a false accept."""
AROUND_SECONDS = 0.4
"""What is heard around a missed word."""


@dataclass(frozen=True)
class Heard:
    """A clip to look at and to listen to; picture and sound are empty where it can't be read any more."""

    name: str
    about: str
    spectrogram: str = ""
    """PNG as a data URI."""
    audio: str = ""
    """WAV as a data URI."""


@dataclass(frozen=True)
class WordPage:
    """What the page shows of a word beside its numbers."""

    result: WordResult
    curve: str
    latency: str
    misses: tuple[Heard, ...]
    false_accepts: tuple[Heard, ...]


def write_wake_report(path: Path, evaluation: WakeEvaluation, rendering: Rendering) -> None:
    """Write the page to `path`; `rendering` makes the recordings sound as they were judged.

    Raises `TrainingError` when the page can't be written or jinja2 or matplotlib are missing.
    """
    write_page(path, render_wake_report(evaluation, rendering))


def render_wake_report(evaluation: WakeEvaluation, rendering: Rendering) -> str:
    """The page as text. Labels, paths and everything else that is not ours is escaped."""
    words = [_word(word, evaluation, rendering) for word in evaluation.words]
    return render_page("wake.html.j2", e=evaluation, words=words, quantile=np.quantile)


def _word(word: WordResult, evaluation: WakeEvaluation, rendering: Rendering) -> WordPage:
    clean = word.latencies[evaluation.conditions[0]]
    most = max(FEWEST_CLIPS, MOST_CLIPS // len(evaluation.words))
    return WordPage(
        word,
        det_svg(word.curve, word.shipped, evaluation.conditions),
        latency_svg(clean) if len(clean) else "",
        tuple(_miss(miss, rendering) for miss in word.misses[:most]),
        tuple(_false_accept(event, word, evaluation.sample_rate) for event in word.false_accepts[:most]),
    )


def _miss(miss: Miss, rendering: Rendering) -> Heard:
    positive, word, rate = miss.clip.positive, miss.clip.word, rendering.sample_rate
    condition = next(one for one in rendering.conditions if one.name == miss.condition)

    def sound() -> NDArray[np.float32]:
        heard = rendering.sound(positive.name, read_audio(positive.path, rate), condition)
        begin, end = round((word.start - AROUND_SECONDS) * rate), round((word.end + AROUND_SECONDS) * rate)
        return (heard[max(begin, 0) : end] / 32768).astype(np.float32)

    return _heard(positive.name, f"{miss.condition}, highest score {miss.score:.3f}", sound, rate)


def _false_accept(event: FalseAccept, word: WordResult, rate: int) -> Heard:
    start = max(event.time - BEFORE_SECONDS, 0.0)
    below = " (below the threshold)" if event.score < word.shipped.threshold else ""
    return _heard(
        "/".join(event.path.parts[-2:]),
        f"at {event.time:.1f} s, score {event.score:.3f}{below}",
        lambda: read_excerpt(event.path, rate, start, event.time + AFTER_SECONDS - start),
        rate,
    )


def _heard(name: str, about: str, sound: Callable[[], NDArray[np.float32]], rate: int) -> Heard:
    try:
        samples = sound()
    except AudioError:
        return Heard(name, about)
    return Heard(
        name, about, data_uri("image/png", spectrogram_png(samples, rate)), data_uri("audio/wav", encode_wav(samples, rate))
    )
