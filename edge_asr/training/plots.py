"""Pictures for the report: SVG that takes the page's text colour, and spectrograms as PNG."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import TrainingError

if TYPE_CHECKING:
    from edge_asr.training.history import EpochRecord

TRAINING, VALIDATION = "#8a94a6", "#3b82f6"
SPECTROGRAM_RANGE_DB = 70.0
WAVEFORM_COLUMNS = 300


def training_curves(history: Sequence[EpochRecord]) -> str:
    """Loss and accuracy over the epochs as one SVG. `history`: at least one record. Raises `TrainingError` without matplotlib."""
    figure = new_figure(8.0, 2.8)
    epochs = [record.epoch for record in history]
    curves: tuple[tuple[str, str, str], ...] = (
        ("loss", "loss", "validation_loss"),
        ("accuracy", "accuracy", "validation_accuracy"),
    )
    for axes, (title, training, validation) in zip(figure.subplots(1, 2), curves):
        # A point by itself draws no line; missing values are left out of it.
        mark = "o" if len(epochs) == 1 else None
        axes.plot(epochs, [getattr(r, training) for r in history], color=TRAINING, marker=mark, label="training, augmented")
        checked = [(r.epoch, getattr(r, validation)) for r in history if getattr(r, validation) is not None]
        if checked:
            axes.plot(*zip(*checked), color=VALIDATION, marker=mark, label="validation")
        axes.set_title(title, fontsize=10, loc="left")
        axes.set_xlabel("epoch", fontsize=9)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(color="black", alpha=0.12, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    axes.legend(loc="lower right", fontsize=8, frameon=False)
    return as_svg(figure)


def waveform_points(samples: NDArray[np.float32], height: float) -> str:
    """Points of an SVG polygon, `WAVEFORM_COLUMNS` wide and `height` high, that fills the waveform's envelope.

    `samples`: (n,) in [-1, 1], n at least 1; drawn relative to its peak.
    """
    columns = np.array_split(samples / max(1e-6, float(np.abs(samples).max())), min(WAVEFORM_COLUMNS, len(samples)))
    x = np.linspace(0, WAVEFORM_COLUMNS, len(columns))
    # SVG's y points down.
    top, bottom = (height / 2 * (1 - np.array([extreme(c) for c in columns])) for extreme in (np.max, np.min))
    outline = [*zip(x, top), *zip(x[::-1], bottom[::-1])]
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in outline)


def spectrogram_png(samples: NDArray[np.float32], sample_rate: int) -> bytes:
    """Log-power spectrogram of `samples` (n,), 25 ms Hann frames 5 ms apart, time to the right and frequency up."""
    length, hop = round(0.025 * sample_rate), round(0.005 * sample_rate)
    padded = np.pad(samples, (0, max(0, length - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[::hop] * np.hanning(length)
    decibels = 10 * np.log10(np.square(np.abs(np.fft.rfft(frames))) + 1e-12).T[::-1]
    top = float(decibels.max())
    image = io.BytesIO()
    matplotlib = _matplotlib()
    matplotlib.image.imsave(image, decibels, cmap="magma", vmin=top - SPECTROGRAM_RANGE_DB, vmax=top, format="png")
    return image.getvalue()


def new_figure(width: float, height: float) -> Any:
    """A matplotlib figure, in inches. Raises `TrainingError` without matplotlib."""
    _matplotlib()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def as_svg(figure: Any) -> str:
    """The figure as an `<svg>` element that fills its place: no prolog, background or time, black as the page's text colour."""
    matplotlib = _matplotlib()
    text = io.StringIO()
    settings = {"svg.fonttype": "none", "svg.hashsalt": "edge-asr", "font.family": "sans-serif"}
    with matplotlib.rc_context(settings):
        figure.savefig(text, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    root, content = text.getvalue().split("<svg", 1)[1].split(">", 1)
    view_box = re.findall(r'viewBox="[^"]*"', root)[0]
    return f'<svg {view_box} fill="currentColor">{content.replace("#000000", "currentColor")}'


def _matplotlib() -> Any:
    try:
        import matplotlib.image
    except ImportError as err:
        raise TrainingError(f"the report's pictures need matplotlib ({err}): pip install 'edge-asr[host]'") from err
    return matplotlib
