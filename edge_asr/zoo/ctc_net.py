"""A network for CTC: a stem in time and frequency, then residual separable convolutions in time, a token's logit a frame.

What fits int8 and a stream of the usual blocks (QuartzNet, arXiv 1910.10261; MatchboxNet, arXiv 2004.08531): no squeeze and
excitation, which would need the whole utterance, and nothing padded in time, so that an output frame depends on the
`field_frames` frames before it and on nothing else, whatever the utterance's length.
"""

from __future__ import annotations

import keras
from keras import layers

from edge_asr.zoo.layers import Seeds, Tensor, conv_bn, depthwise_bn, without_oldest
from edge_asr.zoo.spec import CtcNet


def ctc_net(x: Tensor, spec: CtcNet, classes: int, seeds: Seeds) -> Tensor:
    """(batch, frames or None, features, 1) to logits (batch, output frames or None, classes)."""
    x = conv_bn(x, seeds, "stem", spec.stem_channels, spec.stem_kernel, spec.stem_stride, causal=True)
    bands, channels = x.shape[2:]
    x = layers.Reshape((-1, 1, bands * channels), name="column")(x)
    x = conv_bn(x, seeds, "mix", spec.channels[0])
    blocks = zip(spec.channels, spec.each("kernels"), spec.each("dilations"), spec.each("strides"))
    for number, (channels, kernel, dilation, stride) in enumerate(blocks, start=1):
        x = _block(x, seeds, f"block{number}", channels, kernel, dilation, stride)
        x = layers.Dropout(spec.dropout, seed=next(seeds), name=f"block{number}_dropout")(x)
    x = layers.Conv2D(classes, 1, kernel_initializer=keras.initializers.GlorotUniform(next(seeds)), name="logits")(x)
    return layers.Reshape((-1, classes), name="tokens")(x)


def _block(x: Tensor, seeds: Seeds, name: str, channels: int, kernel: int, dilation: int, stride: int) -> Tensor:
    """Depthwise and pointwise convolution; the input's frames that the newest tap saw are added before the last ReLU."""
    y = depthwise_bn(x, seeds, f"{name}_depthwise", (kernel, 1), stride, dilation=(dilation, 1), causal=True)
    if stride != 1 or x.shape[-1] != channels:
        return conv_bn(y, seeds, f"{name}_pointwise", channels)
    y = conv_bn(y, seeds, f"{name}_pointwise", channels, relu=False)
    y = layers.Add(name=f"{name}_add")([without_oldest(x, (kernel - 1) * dilation, name), y])
    return layers.ReLU(name=f"{name}_relu")(y)
