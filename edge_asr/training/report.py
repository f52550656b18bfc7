"""One HTML page about an evaluation: no network, no other files, light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_asr.errors import AudioError
from edge_asr.runtime.encode_wav import encode_wav
from edge_asr.runtime.window import fit_window
from edge_asr.training.evaluate import Evaluation, Mistake
from edge_asr.training.page import data_uri, render_page, write_page
from edge_asr.training.plots import WAVEFORM_COLUMNS, spectrogram_png, training_curves, waveform_points
from edge_asr.training.quantized import describe_quantization

if TYPE_CHECKING:
    from edge_asr.training.history import EpochRecord

MOST_EXAMPLES = 12
"""Each costs about 90 kB of page."""
WAVEFORM_HEIGHT = 44


@dataclass(frozen=True)
class Example:
    """A mistake, drawn and playable; the pictures and the sound are empty where it can't be read any more."""

    mistake: Mistake
    wave: str = ""
    """Points of an SVG polygon."""
    spectrogram: str = ""
    """PNG as a data URI."""
    audio: str = ""
    """WAV as a data URI."""
    columns: int = WAVEFORM_COLUMNS


def write_report(
    path: Path,
    evaluation: Evaluation,
    *,
    history: Sequence[EpochRecord] = (),
    quantized: Mapping[str, Any] | None = None,
) -> None:
    """Write the page to `path`.

    `history`: the curves of the run folder. `quantized`: the bundle's `provenance["quantize"]`. Raises `TrainingError` when
    the page can't be written or jinja2 or matplotlib are missing.
    """
    write_page(path, render_report(evaluation, history=history, quantized=quantized))


def render_report(
    evaluation: Evaluation, *, history: Sequence[EpochRecord] = (), quantized: Mapping[str, Any] | None = None
) -> str:
    """The page as text. Labels, paths and everything else that is not ours is escaped."""
    return render_page(
        "report.html.j2",
        e=evaluation,
        confusion=evaluation.confusion.tolist(),
        totals=evaluation.confusion.sum(axis=1).tolist(),
        examples=[_example(mistake, evaluation) for mistake in evaluation.mistakes[:MOST_EXAMPLES]],
        curves=training_curves(history) if history else "",
        quantized=describe_quantization(quantized) if quantized else None,
    )


def _example(mistake: Mistake, evaluation: Evaluation) -> Example:
    try:
        heard = fit_window(mistake.clip.load(), evaluation.clip_samples)
    except AudioError:
        return Example(mistake)
    return Example(
        mistake,
        waveform_points(heard, WAVEFORM_HEIGHT),
        data_uri("image/png", spectrogram_png(heard, evaluation.sample_rate)),
        data_uri("audio/wav", encode_wav(heard, evaluation.sample_rate)),
    )
