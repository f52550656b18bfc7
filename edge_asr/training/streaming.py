"""The streaming form of a causal network: from one step's new frames and kept older ones to logits (arXiv 2005.06720).

Every layer that looks back in time gets a state: the frames before the new ones that it still needs. Where several layers look
back on what comes from one output, they share its state, and what lies between is computed again for the older frames
(`shared_state`). What a layer computes is what the window form computes for its newest frames, from the same weights and the
same activation ranges.
"""

from __future__ import annotations

from math import lcm
from typing import Any

import keras
from keras import layers

from edge_asr.errors import ConversionError
from edge_asr.training.fake_quant import ActivationRange
from edge_asr.training.graph import copy_model, links
from edge_asr.training.shared_state import shared_state
from edge_asr.training.time_axis import READS_FRAMES, frames_read, time_stride
from edge_asr.zoo.layers import Tensor, cropped

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
        self._older: dict[str, int] = {}
        """How many frames of a layer's output are before the new ones, where that are any."""

    def build(self) -> keras.Model:
        for layer in self._model.layers:
            self._outputs[layer.name] = self._apply(layer) if self._links.sources[layer.name] else self._features
            if layer.name not in self._older:
                self._share_state(layer)
        logits = next(self._outputs[name] for name, readers in self._links.readers.items() if "" in readers)
        inputs, outputs = [self._features, *self._states], [logits, *self._next_states]
        return keras.Model(inputs, outputs, name=f"{self._model.name}_stream")

    def _apply(self, layer: Any) -> Tensor:
        if isinstance(layer, layers.Cropping2D):
            return self._frames_read(layer)
        if isinstance(layer, READS_FRAMES):
            return layer(self._frames_read(layer))
        older = self._older.get(layer.name, 0)
        inputs = [self._newest_of(source, older, layer) for source in self._links.sources[layer.name]]
        if isinstance(layer, layers.Add) and len({tensor.shape[1] for tensor in layer.input}) == 1:
            return layer(inputs)
        x = inputs[0]
        if isinstance(layer, _FRAME_BY_FRAME):
            return layer(x)
        if isinstance(layer, layers.Reshape) and layer.output.shape[1] == layer.input.shape[1]:
            return layers.Reshape((x.shape[1], *layer.output.shape[2:]), name=layer.name)(x)
        if isinstance(layer, layers.ZeroPadding2D) and layer.padding[0] == (0, 0):
            return layer(x)
        raise ConversionError(
            f"layer {layer.name!r} ({type(layer).__name__}) has no streaming form here: use a causal network "
            "(model.causal = true, ds_tc_resnet or ctc_net)"
        )

    def _frames_read(self, layer: Any) -> Tensor:
        """The frames that `layer` reads: with older ones from a state before them, or without the oldest, as it needs them."""
        source = self._links.sources[layer.name][0]
        had = self._older.get(source, 0)
        new = self._outputs[source].shape[1] - had
        if new % time_stride(layer):
            stride = self._stride()
            raise ConversionError(
                f"expected a step of a multiple of {stride} frames, the network's stride in time, found "
                f"{self._features.shape[1]}: detect.step_ms (of speech decode.step_ms) must be a multiple of {stride} hops"
            )
        # A layer that reads each frame alone is asked for the older ones that its own readers share.
        older = frames_read(layer, new) - new + self._older.get(layer.name, 0)
        x = self._outputs[source] if older <= had else self._with_state(source, older, layer.name)
        (_, too_new), bands = layer.cropping if isinstance(layer, layers.Cropping2D) else ((0, 0), (0, 0))
        return cropped(x, ((x.shape[1] - new - older, too_new), bands), f"{layer.name}_reads")

    def _share_state(self, layer: Any) -> None:
        """Put a state before what `layer` makes, if several layers behind it look back on that."""
        new = self._outputs[layer.name].shape[1] if len(self._outputs[layer.name].shape) == 4 else 0
        shared = shared_state(self._model, self._links, layer.name, new) if new else None
        if shared is not None:
            self._outputs[layer.name] = self._with_state(layer.name, shared.frames, layer.name)
            self._older.update(dict.fromkeys(shared.layers, shared.frames))

    def _with_state(self, source: str, older: int, name: str) -> Tensor:
        """What `source` puts out behind a state of `older` frames, which is named after the layer that needs it."""
        x = self._outputs[source]
        state = keras.Input(batch_shape=(1, older, *x.shape[2:]), name=f"state_{len(self._states)}")
        rounded = self._range_before(self._model.get_layer(source))(state)
        frames = layers.Concatenate(axis=1, name=f"{name}_frames")([rounded, x])
        self._states.append(state)
        self._next_states.append(cropped(frames, ((x.shape[1], 0), (0, 0)), f"{name}_next"))
        return frames

    def _newest_of(self, source: str, older: int, reader: Any) -> Tensor:
        """The new frames of `source` and the last `older` before them."""
        x = self._outputs[source]
        return cropped(x, ((self._older.get(source, 0) - older, 0), (0, 0)), f"{reader.name}_{source}")

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
