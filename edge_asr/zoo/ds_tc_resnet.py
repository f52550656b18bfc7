"""A network for always-on words: a stem in time and frequency, then separable convolutions in time with long kernels."""

from __future__ import annotations

from keras import layers

from edge_asr.zoo.layers import Seeds, Tensor, conv_bn, depthwise_bn, logits, newest
from edge_asr.zoo.spec import DsTcResNet


def ds_tc_resnet(x: Tensor, spec: DsTcResNet, classes: int, seeds: Seeds) -> Tensor:
    """The stem, its bands as channels of one column, then a block for each of `spec.channels`. Nothing is padded in time."""
    x = conv_bn(x, seeds, "stem", spec.stem_channels, spec.stem_kernel, spec.stem_stride, causal=True)
    frames, bands, channels = x.shape[1:]
    x = layers.Reshape((frames, 1, bands * channels), name="column")(x)
    x = conv_bn(x, seeds, "mix", spec.channels[0])
    for number, (channels, kernel) in enumerate(zip(spec.channels, spec.kernels), start=1):
        x = _block(x, seeds, f"block{number}", channels, kernel)
    return logits(x, seeds, classes, spec.dropout)


def _block(x: Tensor, seeds: Seeds, name: str, channels: int, kernel: int) -> Tensor:
    y = depthwise_bn(x, seeds, f"{name}_depthwise", (kernel, 1), causal=True)
    if x.shape[-1] != channels:
        return conv_bn(y, seeds, f"{name}_pointwise", channels)
    y = conv_bn(y, seeds, f"{name}_pointwise", channels, relu=False)
    y = layers.Add(name=f"{name}_add")([newest(x, y.shape[1], name), y])
    return layers.ReLU(name=f"{name}_relu")(y)
