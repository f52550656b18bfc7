"""Walks over functional Keras models: who reads whom, and copies with some layers changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from edge_asr.errors import ConversionError


@dataclass(frozen=True)
class Links:
    """Which layers read which, by name, in the order of the model's layers."""

    sources: dict[str, tuple[str, ...]]
    """The layers whose outputs a layer reads."""
    readers: dict[str, tuple[str, ...]]
    """The layers that read a layer's output; the model's own output counts as a reader named ''."""


def links(model: keras.Model) -> Links:
    """The connections of a functional model with one output. Raises `ConversionError` when it uses a layer more than once."""
    producer = {id(layer.output): layer.name for layer in model.layers}
    sources: dict[str, tuple[str, ...]] = {}
    readers: dict[str, list[str]] = {layer.name: [] for layer in model.layers}
    for layer in model.layers:
        is_input = isinstance(layer, keras.layers.InputLayer)
        tensors = [] if is_input else keras.tree.flatten(layer.input)
        if any(id(tensor) not in producer for tensor in tensors):
            raise ConversionError(f"layer {layer.name!r} reads a later output of a layer that is used more than once")
        sources[layer.name] = tuple(producer[id(tensor)] for tensor in tensors)
        for source in sources[layer.name]:
            readers[source].append(layer.name)
    readers[producer[id(model.outputs[0])]].append("")
    return Links(sources, {name: tuple(found) for name, found in readers.items()})


def check_model(model: keras.Model) -> None:
    """Raise `ConversionError` unless `model` is functional, finite and of a shape that recipes make.

    That is (batch, frames, features, 1) to (batch, classes), or for speech to (batch, output frames, tokens), where the
    numbers of frames may be None.
    """
    if not isinstance(model, keras.Model) or isinstance(model, keras.Sequential) or not hasattr(model, "operations"):
        raise ConversionError(f"expected a functional Keras model, found {type(model).__name__}")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ConversionError(f"expected one input and one output, found {len(model.inputs)} and {len(model.outputs)}")
    shape, output = tuple(model.inputs[0].shape), tuple(model.outputs[0].shape)
    first_fixed = {2: 1, 3: 2}.get(len(output), 0)
    if not first_fixed or len(shape) != 4 or None in shape[first_fixed:] or shape[-1] != 1:
        raise ConversionError(
            "expected input (batch, frames, features, 1) and output (batch, classes) or (batch, output frames, tokens), "
            f"found {shape} and {output}"
        )
    for layer in model.layers:
        for weight in layer.weights:
            if not np.isfinite(weight.numpy()).all():
                raise ConversionError(f"layer {layer.name!r}: weight {weight.name!r} is not finite: train the model again")


def copy_model(
    model: keras.Model,
    *,
    batch: int | None = None,
    frames: int | None = None,
    clone: Callable[[Any], Any] | None = None,
    call: Callable[..., Any] | None = None,
) -> keras.Model:
    """A copy of `model` on a new input with `batch` clips (None: any number) of `frames` frames (None: as many as before).

    `clone(layer)` makes the layer of the copy, `call(layer, *inputs)` applies it: by default the same layer, called.
    Weights are copied where the copy's layer has the same name and the same shapes.
    """
    source = model.inputs[0]
    shape = (batch, source.shape[1] if frames is None else frames, *source.shape[2:])
    inputs = keras.Input(batch_shape=shape, dtype=source.dtype, name=model.layers[0].name)
    # Of a compiled model Keras would copy the loss too, which it may not know by name.
    plain = keras.Model(model.input, model.output, name=model.name)
    result = keras.models.clone_model(plain, input_tensors=inputs, clone_function=clone, call_function=call)
    weights = {layer.name: layer.get_weights() for layer in model.layers}
    for layer in result.layers:
        new, old = layer.get_weights(), weights.get(layer.name, [])
        if [w.shape for w in new] == [w.shape for w in old]:
            layer.set_weights(old)
    return result
