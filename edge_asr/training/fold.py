"""Fold batch normalisation into the convolution before it: the network that runs on the device, still in float."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from edge_asr.errors import ConversionError
from edge_asr.training.graph import check_model, copy_model, links

FOLDABLE = (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)


def fold_batch_norms(model: keras.Model) -> keras.Model:
    """The same function at inference, without batch normalisation and dropout (Jacob et al., arXiv 1712.05877, 3.2).

    Layers keep their names. Raises `ConversionError` when the model is not functional or not finite, or a batch
    normalisation does not come right behind a convolution or dense layer that only it reads.
    """
    check_model(model)
    pairs = _convolutions_and_norms(model)

    def clone(layer: Any) -> Any:
        config = layer.get_config()
        if layer.name in pairs:
            config["use_bias"] = True
        return type(layer).from_config(config)

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        dropped = isinstance(layer, (layers.BatchNormalization, layers.Dropout))
        return inputs[0] if dropped else layer(*inputs, **options)

    folded = copy_model(model, clone=clone, call=call)
    for name, norm in pairs.items():
        folded.get_layer(name).set_weights(_folded_weights(model.get_layer(name), norm))
    return folded


def _convolutions_and_norms(model: keras.Model) -> dict[str, Any]:
    """Each batch normalisation by the name of the layer that it folds into."""
    graph, pairs = links(model), {}
    for norm in model.layers:
        if not isinstance(norm, layers.BatchNormalization):
            continue
        source = model.get_layer(graph.sources[norm.name][0])
        problem = None
        if not isinstance(source, FOLDABLE):
            problem = f"it reads {source.name!r} ({type(source).__name__}), expected a convolution or dense layer"
        elif source.activation is not keras.activations.linear:
            problem = f"{source.name!r} before it has an activation, expected the activation behind the normalisation"
        elif len(graph.readers[source.name]) != 1:
            problem = f"{source.name!r} before it is read by other layers too: {', '.join(graph.readers[source.name])}"
        elif norm.axis not in (-1, len(source.output.shape) - 1):
            problem = f"it normalises axis {norm.axis}, expected the channels (the last one)"
        if problem:
            raise ConversionError(f"batch normalisation {norm.name!r} can't be folded: {problem}")
        pairs[source.name] = norm
    return pairs


def _folded_weights(layer: Any, norm: Any) -> list[NDArray[np.float32]]:
    """Kernel and bias of `layer` with `norm` behind it. In float64, so that only the result is rounded."""
    kernel, *bias = (w.astype(np.float64) for w in layer.get_weights())
    mean, variance = (w.numpy().astype(np.float64) for w in (norm.moving_mean, norm.moving_variance))
    gamma = norm.gamma.numpy().astype(np.float64) if norm.scale else np.ones_like(mean)
    beta = norm.beta.numpy().astype(np.float64) if norm.center else np.zeros_like(mean)
    factor = gamma / np.sqrt(variance + norm.epsilon)
    # A depthwise kernel is (height, width, channels, multiplier), with channels x multiplier outputs in that order.
    is_depthwise = isinstance(layer, layers.DepthwiseConv2D)
    kernel = kernel * (factor.reshape(kernel.shape[-2:]) if is_depthwise else factor)
    offset = beta + ((bias[0] if bias else 0.0) - mean) * factor
    return [kernel.astype(np.float32), offset.astype(np.float32)]
