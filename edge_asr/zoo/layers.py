"""The few blocks that all architectures are made of: layers that fold into int8 TFLite operators and nothing else.

A convolution before a batch normalisation has no bias (the normalisation brings one). `Seeds` gives every layer its own
seed, so that a model's first weights follow from one number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import layers

Tensor: TypeAlias = Any
"""A symbolic Keras tensor, (batch, frames, features, channels) unless it says otherwise."""
Seeds: TypeAlias = Iterator[int]

BATCH_NORM_MOMENTUM = 0.96
"""As in the reference code of Hello Edge: follows the weights within some 25 batches."""


def layer_seeds(seed: int) -> Seeds:
    """Endless distinct seeds in [0, 2**31) that follow from `seed`."""
    rng = np.random.default_rng(seed)
    while True:
        yield int(rng.integers(2**31))


def conv_bn(
    x: Tensor,
    seeds: Seeds,
    name: str,
    channels: int,
    kernel: tuple[int, int] = (1, 1),
    strides: tuple[int, int] = (1, 1),
    *,
    relu: bool = True,
    causal: bool = False,
) -> Tensor:
    """Convolution, batch normalisation, ReLU unless `relu` is false. Kernel and strides: time, frequency.

    Padding is "same", or with `causal` as in `causal_input`.
    """
    conv = layers.Conv2D(
        channels,
        kernel,
        strides=strides,
        padding="valid" if causal else "same",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(next(seeds)),
        name=name,
    )
    return _normalise(conv(causal_input(x, name, kernel, strides) if causal else x), name, relu)


def depthwise_bn(
    x: Tensor,
    seeds: Seeds,
    name: str,
    kernel: tuple[int, int],
    stride: int = 1,
    *,
    dilation: tuple[int, int] = (1, 1),
    relu: bool = True,
    causal: bool = False,
) -> Tensor:
    """Depthwise convolution, batch normalisation, ReLU unless `relu` is false. Padding as in `conv_bn`.

    The stride is the same in time and frequency: TensorFlow's depthwise convolution knows no other.
    """
    conv = layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding="valid" if causal else "same",
        dilation_rate=dilation,
        use_bias=False,
        depthwise_initializer=keras.initializers.GlorotUniform(next(seeds)),
        name=name,
    )
    extent = tuple((size - 1) * spread + 1 for size, spread in zip(kernel, dilation))
    return _normalise(conv(causal_input(x, name, extent, (stride, stride)) if causal else x), name, relu)


def causal_input(x: Tensor, name: str, kernel: tuple[int, ...], strides: tuple[int, int]) -> Tensor:
    """What a convolution without padding reads in a causal network. Kernel (as it is dilated) and strides: time, frequency.

    In frequency there are zeros above and below, as "same" padding has them. In time nothing is added: each output frame is
    computed from real frames alone, so that a stream which keeps the frames before gives the same (Rybakov et al., arXiv
    2005.06720). Where a stride does not come out even, the oldest frames are left out, so that the newest one counts; but
    where the number of frames is open (None), the first output frame begins with the first frame.
    """
    frames, bands = x.shape[1:3]
    if frames is not None:
        x = without_oldest(x, (frames - kernel[0]) % strides[0], name)
    missing = max((-(-bands // strides[1]) - 1) * strides[1] + kernel[1] - bands, 0)
    if not missing:
        return x
    return layers.ZeroPadding2D(((0, 0), (missing // 2, missing - missing // 2)), name=f"{name}_bands")(x)


def newest(x: Tensor, frames: int, name: str) -> Tensor:
    """The last `frames` frames of `x`."""
    return without_oldest(x, x.shape[1] - frames, name)


def without_oldest(x: Tensor, surplus: int, name: str) -> Tensor:
    """`x` without its first `surplus` frames."""
    return cropped(x, ((surplus, 0), (0, 0)), f"{name}_newest")


def middle(x: Tensor, frames: int, name: str) -> Tensor:
    """The `frames` frames in the middle of `x`; a stream hands them on later, when those that are newer have come."""
    surplus = x.shape[1] - frames
    return cropped(x, (((surplus + 1) // 2, surplus // 2), (0, 0)), f"{name}_middle")


def cropped(x: Tensor, surplus: tuple[tuple[int, int], tuple[int, int]], name: str) -> Tensor:
    """`x` without so many frames (oldest, newest) and bands (lowest, highest)."""
    return layers.Cropping2D(surplus, name=name)(x) if surplus != ((0, 0), (0, 0)) else x


def logits(x: Tensor, seeds: Seeds, classes: int, dropout: float, *, causal: bool = False) -> Tensor:
    """Global average pooling, dropout and a dense layer: (batch, frames, features, channels) to (batch, classes).

    With `causal` first over the frequencies: a stream then keeps one column a frame.
    """
    if causal and x.shape[2] > 1:
        x = layers.AveragePooling2D((1, x.shape[2]), name="pool_bands")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, seed=next(seeds), name="dropout")(x)
    return dense(x, seeds, "logits", classes)


def dense(x: Tensor, seeds: Seeds, name: str, units: int) -> Tensor:
    """A dense layer with bias: (batch, n) to (batch, units)."""
    return layers.Dense(units, kernel_initializer=keras.initializers.GlorotUniform(next(seeds)), name=name)(x)


def _normalise(x: Tensor, name: str, relu: bool) -> Tensor:
    x = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x
