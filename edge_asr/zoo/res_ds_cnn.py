"""A depthwise-separable network with residual connections: DS-CNN's blocks, deeper where the input has more features."""

from __future__ import annotations

from keras import layers

from edge_asr.zoo.layers import Seeds, Tensor, conv_bn, depthwise_bn, logits, newest
from edge_asr.zoo.spec import ResDsCnn


def res_ds_cnn(x: Tensor, spec: ResDsCnn, classes: int, seeds: Seeds) -> Tensor:
    """A stem convolution, then a block for each of `spec.channels`."""
    x = conv_bn(x, seeds, "stem", spec.stem_channels, spec.stem_kernel, spec.stem_stride, causal=spec.causal)
    strides = spec.strides * len(spec.channels) if len(spec.strides) == 1 else spec.strides
    for number, (channels, stride) in enumerate(zip(spec.channels, strides), start=1):
        x = _block(x, seeds, f"block{number}", channels, stride, spec)
    return logits(x, seeds, classes, spec.dropout, causal=spec.causal)


def _block(x: Tensor, seeds: Seeds, name: str, channels: int, stride: int, spec: ResDsCnn) -> Tensor:
    """Depthwise and pointwise convolution; the input is added before the last ReLU where it has the output's shape."""
    # A causal network strides in frequency only, which a depthwise convolution can't: the pointwise one behind it does.
    in_both, in_bands = (1, (1, stride)) if spec.causal else (stride, (1, 1))
    y = depthwise_bn(x, seeds, f"{name}_depthwise", (spec.kernel, spec.kernel), in_both, causal=spec.causal)
    if stride != 1 or x.shape[-1] != channels:
        return conv_bn(y, seeds, f"{name}_pointwise", channels, strides=in_bands)
    y = conv_bn(y, seeds, f"{name}_pointwise", channels, relu=False)
    y = layers.Add(name=f"{name}_add")([newest(x, y.shape[1], name), y])
    return layers.ReLU(name=f"{name}_relu")(y)
