"""How the layers of a causal network read frames: what one step of a stream needs of the frames before it."""

from __future__ import annotations

from typing import Any

from keras import layers

from edge_asr.errors import ConversionError

CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D)
POOLING = (layers.AveragePooling2D, layers.MaxPooling2D)
WHOLE_WINDOW = (layers.GlobalAveragePooling2D, layers.Flatten)
"""Layers that make one output of all frames."""
READS_FRAMES = (*CONVOLUTIONS, *POOLING, *WHOLE_WINDOW, layers.Cropping2D)
"""Layers whose output frames can need several, or other, frames of the input."""


def frames_read(layer: Any, new: int) -> int:
    """How many of the newest frames `layer` reads in a step that brings it `new` frames.

    `layer`: part of a functional Keras model whose input is a whole window, (batch, frames, features, channels). Raises
    `ConversionError` where it can't be computed from the newest frames alone.
    """
    if isinstance(layer, WHOLE_WINDOW):
        return int(layer.input.shape[1])
    if isinstance(layer, layers.Cropping2D):
        return new + int(layer.cropping[0][1])  # the frames that it leaves out as too new are those that it gives next
    extent, stride = _extent(layer), _stride(layer)
    if layer.padding != "valid" and extent > 1:
        raise ConversionError(
            f"layer {layer.name!r} pads in time (padding {layer.padding!r}), which a stream can't: "
            "use a causal network (model.causal = true, ds_tc_resnet or ctc_net)"
        )
    window = int(layer.input.shape[1])
    if left_out := (window - extent) % stride:
        raise ConversionError(
            f"layer {layer.name!r} leaves out the newest {left_out} of its {window} frames: crop the oldest before it"
        )
    return (new // stride - 1) * stride + extent


def time_stride(layer: Any) -> int:
    """Frames that `layer` moves on in time from one output frame to the next."""
    return _stride(layer) if isinstance(layer, (*CONVOLUTIONS, *POOLING)) else 1


def _extent(layer: Any) -> int:
    """Frames from the oldest to the newest that one output frame is computed from."""
    if isinstance(layer, POOLING):
        return int(layer.pool_size[0])
    return (int(layer.kernel_size[0]) - 1) * int(layer.dilation_rate[0]) + 1


def _stride(layer: Any) -> int:
    return int(layer.strides[0])
