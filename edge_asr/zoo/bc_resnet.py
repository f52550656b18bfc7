"""BC-ResNet: Kim et al., Broadcasted Residual Learning for Efficient Keyword Spotting (arXiv 2106.04140).

Made for int8 and the Edge TPU, it differs from the paper in four places:
- Sub-spectral normalisation is plain batch normalisation. Its scales differ between bands of one channel, so it cannot be
  folded into a convolution. (It has 5 scales and offsets a channel where this has one: fewer parameters here.)
- Swish is ReLU.
- A stride in frequency is an average over two bands behind the depthwise convolution, not a stride in it: TensorFlow's
  depthwise convolution has one stride for both axes.
- The classifier's 5x5 depthwise convolution is not padded in time.

In its causal form nothing is padded in time, so that it can stream: the mean over the bands, which is added to all of them, is
that of the same frame, and the paths beside a convolution over time go on with the frames that its middle tap saw, as they do
in the padded form. (With those of its newest tap it learnt far worse.)
"""

from __future__ import annotations

import keras
from keras import layers

from edge_asr.zoo.layers import Seeds, Tensor, conv_bn, depthwise_bn, logits, middle
from edge_asr.zoo.spec import BcResNet

_BLOCKS = (2, 2, 4, 4)
_WIDTHS = (1.0, 1.5, 2.0, 2.5)
"""Channels of the stages, in units of the base width 8 tau."""
_HALVES_FREQUENCY = (False, True, True, False)


def bc_resnet(x: Tensor, spec: BcResNet, classes: int, seeds: Seeds) -> Tensor:
    """A 5x5 convolution with stride 2 in frequency, four stages of broadcasted residual blocks, a depthwise classifier."""
    base = 8 * spec.tau
    x = conv_bn(x, seeds, "stem", int(2 * base), (5, 5), (1, 2), causal=spec.causal)
    for stage, (blocks, width) in enumerate(zip(_BLOCKS, _WIDTHS)):
        for number in range(blocks):
            halve = _HALVES_FREQUENCY[stage] and number == 0
            name = f"stage{stage + 1}_block{number + 1}"
            x = _block(x, seeds, name, int(width * base), spec, dilation=spec.dilations[stage], halve=halve)
    kernel = (min(5, x.shape[1]), min(5, x.shape[2]))
    x = layers.DepthwiseConv2D(
        kernel,
        use_bias=False,
        depthwise_initializer=keras.initializers.GlorotUniform(next(seeds)),
        name="head_depthwise",
    )(x)
    x = conv_bn(x, seeds, "head_pointwise", int(4 * base))
    return logits(x, seeds, classes, 0.0, causal=spec.causal)


def _block(x: Tensor, seeds: Seeds, name: str, channels: int, spec: BcResNet, *, dilation: int, halve: bool) -> Tensor:
    """relu([x +] f2(x) + broadcast(f1(mean over frequency of f2(x)))): f2 looks along frequency, f1 along time.

    A block that changes the number of channels (a transition) starts with a pointwise convolution and does not add x.
    """
    transition = x.shape[-1] != channels
    y = conv_bn(x, seeds, f"{name}_pointwise", channels) if transition else x
    y = depthwise_bn(y, seeds, f"{name}_frequency", (1, 3), relu=False, causal=spec.causal)
    if halve:
        y = layers.AveragePooling2D((1, 2), padding="same", name=f"{name}_halve")(y)
    z = layers.AveragePooling2D((1, y.shape[2]), name=f"{name}_mean")(y)
    z = depthwise_bn(z, seeds, f"{name}_time", (3, 1), dilation=(dilation, 1), causal=spec.causal)
    z = layers.Conv2D(
        channels,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(next(seeds)),
        name=f"{name}_time_pointwise",
    )(z)
    # Whole channels are dropped, as in the reference code.
    z = layers.Dropout(spec.dropout, noise_shape=(None, 1, 1, channels), seed=next(seeds), name=f"{name}_dropout")(z)
    if not transition:
        y = layers.Add(name=f"{name}_add")([x, y])
    y = layers.Add(name=f"{name}_broadcast")([middle(y, z.shape[1], name), z])
    return layers.ReLU(name=f"{name}_relu")(y)
