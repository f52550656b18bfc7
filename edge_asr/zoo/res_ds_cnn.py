"""A depthwise-separable network with residual connections: DS-CNN's blocks, deeper where the input has more features."""

from __future__ import annotations

from keras import layers

from edge_asr.zoo.layers import Seeds, Tensor, conv_bn, depthwise_bn, logits
from edge_asr.zoo.spec import ResDsCnn


def res_ds_cnn(x: Tensor, spec: ResDsCnn, classes: int, seeds: Seeds) -> Tensor:
    """A stem convolution, then a block for each of `spec.channels`."""
    x = conv_bn(x, seeds, "stem", spec.stem_channels, spec.stem_kernel, spec.stem_stride)
    strides = spec.strides * len(spec.channels) if len(spec.strides) == 1 else spec.strides
    for number, (channels, stride) in enumerate(zip(spec.channels, strides), start=1):
        x = _block(x, seeds, f"block{number}", channels, stride, spec.kernel)
    return logits(x, seeds, classes, spec.dropout)


def _block(x: Tensor, seeds: Seeds, name: str, channels: int, stride: int, kernel: int) -> Tensor:
    """Depthwise and pointwise convolution; the input is added before the last ReLU where it has the output's shape."""
    y = depthwise_bn(x, seeds, f"{name}_depthwise", (kernel, kernel), stride)
    if stride != 1 or x.shape[-1] != channels:
        return conv_bn(y, seeds, f"{name}_pointwise", channels)
    y = conv_bn(y, seeds, f"{name}_pointwise", channels, relu=False)
    y = layers.Add(name=f"{name}_add")([x, y])
    return layers.ReLU(name=f"{name}_relu")(y)
