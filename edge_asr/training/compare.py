"""The int8 model beside the float network that it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras
import numpy as np

from edge_asr.bundle.quantization import dequantize, quantize
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.interpreter import Interpreter
from edge_asr.training.layer_error import signal_to_noise_db

if TYPE_CHECKING:
    from edge_asr.data.tables import FeatureTable

_BATCH = 250


@dataclass(frozen=True)
class Comparison:
    """The int8 model beside the float one, over the same clips."""

    clips: int
    float_accuracy: float
    """Share of right answers, 0 to 1."""
    int8_accuracy: float
    agreement: float
    """Share of clips with the same answer of both."""
    sqnr_db: float
    """Signal-to-quantisation-noise ratio of the logits, dB. After fine-tuning the weights are others, and it says little."""
    interpreter: str
    """Package, version and kernels that ran the int8 model."""

    def __str__(self) -> str:
        return (
            f"{self.clips} clips: float {self.float_accuracy:.2%}, int8 {self.int8_accuracy:.2%}, "
            f"same answer {self.agreement:.2%} ({self.interpreter})"
        )


def compare(network: keras.Model, model: bytes, table: FeatureTable, *, progress: Progress = no_progress) -> Comparison | None:
    """Let float network and int8 model answer for the clips of `table` as they came (variant 0); None if it is empty."""
    interpreter = Interpreter(model)
    exact, rounded = [], []
    for start in range(0, len(table.labels), _BATCH):
        features = np.asarray(table.features[start : start + _BATCH, 0], np.float32)[..., np.newaxis]
        exact.append(np.asarray(network(features, training=False).numpy()))
        stored = quantize(features, interpreter.input)
        rounded += [dequantize(interpreter.invoke(clip[np.newaxis]), interpreter.output) for clip in stored]
        progress("comparing with the float network", len(rounded), len(table.labels))
    if not rounded:
        return None
    wanted, found = np.concatenate(exact), np.concatenate(rounded)
    answers, labels = (wanted.argmax(axis=1), found.argmax(axis=1)), np.asarray(table.labels)
    description = interpreter.description
    return Comparison(
        clips=len(labels),
        float_accuracy=float(np.mean(answers[0] == labels)),
        int8_accuracy=float(np.mean(answers[1] == labels)),
        agreement=float(np.mean(answers[0] == answers[1])),
        sqnr_db=signal_to_noise_db(wanted, found),
        interpreter=f"{description.package} {description.version}, {description.kernels} kernels",
    )
