"""Fake quantisation: a float graph that rounds as the int8 graph will (Jacob et al., arXiv 1712.05877, section 3)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from edge_asr.errors import ConversionError
from edge_asr.training.graph import Links, check_model, copy_model, links

KERNEL_LAYERS = (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)
RANGE_DECAY = 0.99
"""Of the moving average of the batches' least and greatest activations."""
_ROUNDED_LAYERS = (*KERNEL_LAYERS, layers.InputLayer, layers.Add, layers.GlobalAveragePooling2D, layers.ReLU)
SAME_SCALE_LAYERS = (
    layers.AveragePooling2D,
    layers.MaxPooling2D,
    layers.Flatten,
    layers.Reshape,
    layers.ZeroPadding2D,
    layers.Cropping2D,
)
_SMALLEST = 1e-6
_CLIPS_AT_ONCE = 128


class ActivationRange(layers.Layer):  # type: ignore[misc,unused-ignore]
    """Rounds activations to 256 steps between `low` and `high`, which follow the batches while `training` is true."""

    def __init__(self, source: str, **options: Any) -> None:
        """`source`: name of the layer whose output is rounded."""
        super().__init__(name=f"{source}_range", **options)
        self.source = source
        self.active = True
        """False lets everything through as it is."""

    def build(self, input_shape: Any) -> None:
        """Make the two ends of the range."""
        self.low = self.add_weight(shape=(), initializer="zeros", trainable=False, name="low")
        self.high = self.add_weight(shape=(), initializer="ones", trainable=False, name="high")

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Any shape, float32, to the same shape; the gradient passes where nothing was clipped."""
        if not self.active:
            return inputs
        if training:
            self.low.assign(_follow(self.low, tf.minimum(tf.reduce_min(inputs), 0.0)))
            self.high.assign(_follow(self.high, tf.maximum(tf.reduce_max(inputs), _SMALLEST)))
        return tf.quantization.fake_quant_with_min_max_vars(
            inputs, tf.convert_to_tensor(self.low), tf.convert_to_tensor(self.high)
        )

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {"source": self.source}


def simulate_int8(folded: keras.Model, clips: NDArray[np.float32]) -> keras.Model:
    """A copy of a folded model that rounds every activation that the int8 graph stores; kernels stay as they are.

    The ranges begin at the least and greatest values over `clips` (clips, frames, features, 1), float32, finite.
    Raises `ConversionError` for other clips, a Keras backend other than TensorFlow, weights that are not finite, and a
    model with a layer that has no int8 form here or more than one layer that reads the input.
    """
    _check(folded, clips)
    rounded = _rounded_layers(folded)
    entry = folded.layers[0].name
    readers = links(folded).readers[entry]
    if len(readers) != 1:
        raise ConversionError(f"expected one layer that reads the input, found {', '.join(readers)}")

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        if layer.name == readers[0]:
            inputs = (ActivationRange(entry)(inputs[0]),)
        output = layer(*inputs, **options)
        return ActivationRange(layer.name)(output) if layer.name in rounded else output

    simulated = copy_model(folded, call=call)
    _calibrate(simulated, folded, clips)
    return simulated


def activation_ranges(simulated: keras.Model) -> list[ActivationRange]:
    """The layers of a simulated model that round activations."""
    return [layer for layer in simulated.layers if isinstance(layer, ActivationRange)]


def round_kernels(model: keras.Model) -> None:
    """Put every kernel of `model` on its int8 grid (`fake_quant_kernel`), in place."""
    for layer in kernel_layers(model):
        layer.kernel.assign(fake_quant_kernel(layer, layer.kernel))


def kernel_layers(model: keras.Model) -> list[Any]:
    """The layers that have a kernel."""
    return [layer for layer in model.layers if isinstance(layer, KERNEL_LAYERS)]


def fake_quant_kernel(layer: Any, kernel: Any) -> Any:
    """`kernel` of `layer` rounded to int8, -127 to 127, with a scale for each output channel.

    Differentiable: the gradient goes to the kernel as if nothing was rounded.
    """
    depthwise = isinstance(layer, layers.DepthwiseConv2D)  # (height, width, channels, multiplier)
    channels = kernel.shape[-1] * (kernel.shape[-2] if depthwise else 1)
    flat = tf.reshape(tf.convert_to_tensor(kernel), (-1, channels))
    limit = tf.stop_gradient(tf.maximum(tf.reduce_max(tf.abs(flat), axis=0), _SMALLEST))
    rounded = tf.quantization.fake_quant_with_min_max_vars_per_channel(flat, -limit, limit, narrow_range=True)
    return tf.reshape(rounded, kernel.shape)


def _check(folded: keras.Model, clips: Any) -> None:
    if keras.backend.backend() != "tensorflow":
        raise ConversionError(
            f"quantisation needs Keras on TensorFlow, found {keras.backend.backend()}: set KERAS_BACKEND=tensorflow "
            "(a run trained on another backend can be quantised on this one)"
        )
    check_model(folded)
    for layer in folded.layers:
        if not isinstance(layer, (*_ROUNDED_LAYERS, *SAME_SCALE_LAYERS)):
            raise ConversionError(
                f"layer {layer.name!r} ({type(layer).__name__}) has no int8 form here; fold batch norms and dropout first"
            )
    shape = tuple(folded.inputs[0].shape[1:])
    if not isinstance(clips, np.ndarray) or clips.dtype != np.float32 or not _fits(clips.shape[1:], shape) or not len(clips):
        found = f"{clips.dtype} {clips.shape}" if isinstance(clips, np.ndarray) else type(clips).__name__
        wanted = ", ".join("frames" if size is None else str(size) for size in shape)
        raise ConversionError(f"the representative set must be float32 (clips, {wanted}), found {found}")
    if not np.isfinite(clips).all():
        raise ConversionError("the representative set holds NaN or infinity: look for broken clips in the training data")


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(size is None or size == found for found, size in zip(shape, wanted))


def _rounded_layers(folded: keras.Model) -> set[str]:
    """Layers whose output the int8 graph stores with a scale of its own.

    A layer that only a ReLU reads is one operator with it and is stored behind it; `SAME_SCALE_LAYERS` keep their
    input's scale.
    """
    graph = links(folded)
    return {
        layer.name
        for layer in folded.layers
        if isinstance(layer, _ROUNDED_LAYERS) and not _only_relu_reads(folded, graph, layer.name)
    }


def _only_relu_reads(folded: keras.Model, graph: Links, name: str) -> bool:
    readers = graph.readers[name]
    if len(readers) != 1 or readers == ("",):
        return False
    relu = folded.get_layer(readers[0])
    # The forms that TFLite has as a fused activation.
    is_relu = isinstance(relu, layers.ReLU)
    return is_relu and relu.negative_slope == 0 and relu.threshold == 0 and relu.max_value in (None, 6.0)


def _calibrate(simulated: keras.Model, folded: keras.Model, clips: NDArray[np.float32]) -> None:
    ranges = activation_ranges(simulated)
    probe = keras.Model(folded.input, [folded.get_layer(layer.source).output for layer in ranges])
    lows, highs = np.zeros(len(ranges)), np.full(len(ranges), _SMALLEST)
    for start in range(0, len(clips), _CLIPS_AT_ONCE):
        outputs = probe(clips[start : start + _CLIPS_AT_ONCE], training=False)
        lows = np.minimum(lows, [float(tf.reduce_min(output)) for output in outputs])
        highs = np.maximum(highs, [float(tf.reduce_max(output)) for output in outputs])
    for layer, low, high in zip(ranges, lows, highs):
        layer.low.assign(low)
        layer.high.assign(high)


def _follow(variable: Any, found: Any) -> Any:
    return RANGE_DECAY * variable + (1.0 - RANGE_DECAY) * found
