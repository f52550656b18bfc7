"""The int8 forms of a CTC network, which is trained on utterances of any length and runs on windows of one or on steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import ConversionError
from edge_asr.progress import Progress, no_progress
from edge_asr.training.forms import Forms, convert_forms
from edge_asr.training.graph import copy_model
from edge_asr.training.spec import QuantizeSpec
from edge_asr.zoo.spec import CtcNet, field_frames, stride_frames

if TYPE_CHECKING:
    from edge_asr.data.speech_table import SpeechTable

WINDOW_OUTPUTS = 100
"""Output frames of a window: 4 s at 40 ms."""


def window_frames(spec: CtcNet, outputs: int = WINDOW_OUTPUTS) -> int:
    """Frames that `outputs` output frames are computed from."""
    return field_frames(spec) + (outputs - 1) * stride_frames(spec)


def representative_windows(
    table: SpeechTable, windows: int, frames: int, silence: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Windows of up to `windows` different utterances of `table`: float32 (windows, frames, features, 1).

    A window ends at a drawn frame of its utterance, and silence fills what is before the utterance, as in a stream.
    `silence`: (features,), a frame of digital silence. Raises `ConversionError` when the table is empty.
    """
    if not len(table):
        raise ConversionError("expected training utterances for the representative set, found none")
    chosen = np.sort(rng.choice(len(table), min(windows, len(table)), replace=False))
    result = np.tile(silence.astype(np.float32), (len(chosen), frames, 1))
    for window, row in zip(result, chosen):
        length = int(table.lengths[row])
        end = int(rng.integers(min(length, frames // 2), length + 1))
        heard = table.frames_of(int(row))[max(0, end - frames) : end]
        window[frames - len(heard) :] = heard
    return result[..., np.newaxis]


def convert_speech_forms(
    simulated: keras.Model,
    spec: CtcNet,
    settings: QuantizeSpec,
    step_frames: int,
    *,
    window_outputs: int = WINDOW_OUTPUTS,
    progress: Progress = no_progress,
) -> Forms:
    """The slimmed int8 files of `settings.forms`, which say the same, bit for bit, of the same frames.

    `simulated`: a CTC network of `spec` for any number of frames that rounds its activations (`post_training` or `fine_tune`
    of a folded one). The window form puts out `window_outputs` frames, the streaming ones those that `step_frames` new
    frames bring. Raises `ConversionError` as `convert_forms` does.
    """
    fixed: Any = copy_model(simulated, frames=window_frames(spec, window_outputs))
    return convert_forms(fixed, settings, step_frames, field_frames=field_frames(spec), progress=progress)
