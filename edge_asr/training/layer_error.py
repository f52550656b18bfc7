"""Where the error of an int8 model comes from: each part is rounded alone, and the logits are compared."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
from numpy.typing import NDArray

from edge_asr.progress import Progress, no_progress
from edge_asr.training.fake_quant import activation_ranges, fake_quant_kernel, kernel_layers, simulate_int8

_NO_ERROR_DB = 200.0
"""Beyond what float32 resolves."""


@dataclass(frozen=True)
class LayerError:
    """What rounding one part of a network does to its logits."""

    layer: str
    part: Literal["kernel", "output"]
    sqnr_db: float
    """Signal-to-quantisation-noise ratio of the logits, dB: the lower, the more of the error comes from here."""


def layer_errors(folded: keras.Model, clips: NDArray[np.float32], *, progress: Progress = no_progress) -> tuple[LayerError, ...]:
    """The errors of every kernel and every stored activation of a folded model, worst first.

    `clips` (clips, frames, features, 1) float32 give the activation ranges and the logits. Each part is rounded in a float
    graph that is otherwise exact, so that a layer does not answer for what came before it.
    """
    simulated = simulate_int8(folded, clips)
    ranges = activation_ranges(simulated)
    for layer in ranges:
        layer.active = False
    exact = _logits(simulated, clips)
    total = len(ranges) + len(kernel_layers(simulated))
    errors = []
    for name, part, logits in _rounded_once(simulated, clips):
        errors.append(LayerError(name, part, signal_to_noise_db(exact, logits)))
        progress("looking where the error comes from", len(errors), total)
    return tuple(sorted(errors, key=lambda error: error.sqnr_db))


def signal_to_noise_db(signal: NDArray[Any], changed: NDArray[Any]) -> float:
    """10 log10 of the signal's variance over the mean square of the difference; at most 200."""
    noise = float(np.mean(np.square(changed.astype(np.float64) - signal)))
    power = float(np.var(signal.astype(np.float64)))
    return min(_NO_ERROR_DB, 10.0 * math.log10(max(power, 1e-30) / max(noise, 1e-30)))


def _rounded_once(
    simulated: keras.Model, clips: NDArray[np.float32]
) -> Iterator[tuple[str, Literal["kernel", "output"], NDArray[np.float32]]]:
    for layer in activation_ranges(simulated):
        layer.active = True
        yield layer.source, "output", _logits(simulated, clips)
        layer.active = False
    for layer in kernel_layers(simulated):
        kernel = layer.kernel.numpy()
        layer.kernel.assign(fake_quant_kernel(layer, kernel))
        yield layer.name, "kernel", _logits(simulated, clips)
        layer.kernel.assign(kernel)


def _logits(model: keras.Model, clips: NDArray[np.float32]) -> NDArray[np.float32]:
    """In eager mode: `active` is read at every call."""
    return np.asarray(model(clips, training=False).numpy(), dtype=np.float32)
