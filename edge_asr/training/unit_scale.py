"""Make activation scales 1 where that changes nothing but units, so that two vectors of a `.tflite` file become one.

The scales of a layer's bias are those of its kernel times the scale of its input: equal where that is 1, and `slim` writes
equal vectors once. That is four bytes for each output channel. A ReLU network can be rescaled like that between two layers
with kernels: the first makes its output larger, the second takes it back (the equalisation of Nagel et al.,
arXiv 1906.04721, with one factor for all channels). The stored integers stay what they were.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from edge_asr.training.fake_quant import KERNEL_LAYERS, SAME_SCALE_LAYERS, ActivationRange, activation_ranges
from edge_asr.training.graph import Links, copy_model, links

_STEPS = 255


def with_unit_scales(simulated: keras.Model) -> keras.Model:
    """A copy of a simulated int8 model with the same outputs, and with scale 1 wherever only kernels read an activation."""
    model = copy_model(simulated)
    graph = links(model)
    for layer in activation_ranges(model):
        source, readers = _kernel_before(model, graph, layer), _kernels_behind(model, graph, layer.name)
        if source is not None and readers:
            _rescale(layer, source, readers)
    return model


def _rescale(layer: ActivationRange, source: Any, readers: list[Any]) -> None:
    low, high = float(layer.low.numpy()), float(layer.high.numpy())
    step = (high - low) / _STEPS
    zero_point = round(-low / step)
    layer.low.assign(-zero_point)
    layer.high.assign(_STEPS - zero_point)
    for weight in source.weights:
        weight.assign(weight.numpy() / step)
    for reader in readers:
        reader.kernel.assign(reader.kernel.numpy() * step)


def _kernel_before(model: keras.Model, graph: Links, layer: ActivationRange) -> Any | None:
    """The layer whose kernel and bias scale what `layer` rounds; None where something else is in between."""
    source = model.get_layer(layer.source)
    if isinstance(source, layers.ReLU) and source.max_value is None and source.threshold == 0:
        source = model.get_layer(graph.sources[source.name][0])
    is_scalable = isinstance(source, KERNEL_LAYERS) and source.activation in (
        keras.activations.linear,
        keras.activations.relu,
    )
    return source if is_scalable else None


def _kernels_behind(model: keras.Model, graph: Links, name: str) -> list[Any]:
    """The layers with kernels that read `name`, directly or through what keeps the scale; empty if others read it too."""
    found: list[Any] = []
    for reader in graph.readers[name]:
        layer = model.get_layer(reader) if reader else None
        if isinstance(layer, KERNEL_LAYERS):
            found.append(layer)
        elif isinstance(layer, SAME_SCALE_LAYERS) and (behind := _kernels_behind(model, graph, reader)):
            found += behind
        else:
            return []
    return found
