"""The streaming form of a causal network: from one step's new frames and kept older ones to logits (arXiv 2005.06720).

Every layer that looks back in time gets a state: the frames before the new ones that it still needs. What it computes is
what the window form computes for its newest frames, from the same weights and the same activation ranges.
"""

from __future__ import annotations

from math import lcm
from typing import Any

import keras
from keras import layers

from edge_asr.errors import ConversionError
from edge_asr.training.fake_quant import ActivationRange
from edge_asr.training.graph import copy_model, links
from edge_asr.training.time_axis import CONVOLUTIONS, POOLING, WHOLE_WINDOW, frames_read, time_stride
from edge_asr.zoo.layers import Tensor, newest

_LOOKS_BACK = (*CONVOLUTIONS, *POOLING, *WHOLE_WINDOW)
_FRAME_BY_FRAME = (ActivationRange, layers.ReLU, layers.Dense)


def streaming_model(simulated: keras.Model, step_frames: int) -> keras.Model:
    """One step of a stream, as a model of `simulated`'s layers, which see a whole window there.

    `simulated`: a model that rounds its activations (`simulate_int8`). The result's inputs are features (1, step_frames,
    features, 1), state_0, state_1, ...; its outputs logits, (1, classes) or the new ones of (1, output frames, tokens), and, in
    the same order, the states for the next step.
    A state is (1, frames, features, channels) and rounded with the range of what the layer reads.
    Raises `ConversionError` for a network that can't stream, and for a step that is too long or no multiple of its stride.
    """
    model = copy_model(simulated)
    window = model.inputs[0].shape[1]
    if not 0 < step_frames < window:
        raise ConversionError(f"expected a step shorter than the window of {window} frames, found {step_frames} (step_ms)")
    return _StreamBuilder(model, step_frames).build()


class _StreamBuilder:
    """Goes through the layers of a window model and applies each to what one step brings."""

    def __init__(self, model: keras.Model, step_frames: int) -> None:
        self._model, self._links = model, links(model)
        shape = (1, step_frames, *model.inputs[0].shape[2:])
        self._features = keras.Input(batch_shape=shape, name=model.layers[0].name)
        self._states: list[Tensor] = []
        self._next_states: list[Tensor] = []
        self._outputs: dict[str, Tensor] = {}

    def build(self) -> keras.Model:
        for layer in self._model.layers:
            inputs = [self._outputs[source] for source in self._links.sources[layer.name]]
            self._outputs[layer.name] = self._apply(layer, inputs) if inputs else self._features
        logits = next(self._outputs[name] for name, readers in self._links.readers.items() if "" in readers)
        inputs, outputs = [self._features, *self._states], [logits, *self._next_states]
        return keras.Model(inputs, outputs, name=f"{self._model.name}_stream")

    def _apply(self, layer: Any, inputs: list[Tensor]) -> Tensor:
        x = inputs[0]
        if isinstance(layer, _LOOKS_BACK):
            return layer(self._frames_for(layer, x))
        if isinstance(layer, _FRAME_BY_FRAME):
            return layer(x)
        if isinstance(layer, layers.Add) and len({tensor.shape[1] for tensor in layer.input}) == 1:
            return layer(inputs)
        if isinstance(layer, layers.Reshape) and layer.output.shape[1] == layer.input.shape[1]:
            return layers.Reshape((x.shape[1], *layer.output.shape[2:]), name=layer.name)(x)
        if isinstance(layer, layers.ZeroPadding2D) and layer.padding[0] == (0, 0):
            return layer(x)
        if isinstance(layer, layers.Cropping2D) and (layer.cropping[0][1], *layer.cropping[1]) == (0, 0, 0):
            return x  # without older frames anyway
        raise ConversionError(
            f"layer {layer.name!r} ({type(layer).__name__}) has no streaming form here: use a causal network "
            "(model.causal = true, ds_tc_resnet or ctc_net)"
        )

    def _frames_for(self, layer: Any, x: Tensor) -> Tensor:
        """`x` with a state in front of it, or without its oldest frames, as `layer` needs it."""
        older = frames_read(layer, x.shape[1]) - x.shape[1]
        if x.shape[1] % time_stride(layer):
            stride = self._stride()
            raise ConversionError(
                f"expected a step of a multiple of {stride} frames, the network's stride in time, found "
                f"{self._features.shape[1]}: detect.step_ms (of speech decode.step_ms) must be a multiple of {stride} hops"
            )
        if older <= 0:
            return newest(x, x.shape[1] + older, layer.name)
        state = keras.Input(batch_shape=(1, older, *x.shape[2:]), name=f"state_{len(self._states)}")
        frames = layers.Concatenate(axis=1, name=f"{layer.name}_frames")([self._range_before(layer)(state), x])
        self._states.append(state)
        self._next_states.append(newest(frames, older, f"{layer.name}_state"))
        return frames

    def _range_before(self, layer: Any) -> ActivationRange:
        """The range of what `layer` reads, which layers without a scale of their own hand on."""
        while not isinstance(layer, ActivationRange):
            layer = self._model.get_layer(self._links.sources[layer.name][0])
        return layer

    def _stride(self) -> int:
        """The least step that every layer divides, in frames of the input."""
        strides: dict[str, int] = {}
        for layer in self._model.layers:
            sources = [strides[source] for source in self._links.sources[layer.name]]
            strides[layer.name] = lcm(*sources) * time_stride(layer)
        return lcm(*strides.values())
