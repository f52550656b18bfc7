"""The beginners' network that this toolkit starts from: two convolutions, a max-pooling and two dense layers."""

from __future__ import annotations

import keras
from keras import layers

from edge_asr.zoo.layers import Seeds, Tensor, dense
from edge_asr.zoo.spec import ArticleCnn


def article_cnn(x: Tensor, spec: ArticleCnn, classes: int, seeds: Seeds) -> Tensor:
    """Convolution 3x3 and ReLU twice ("valid" padding), max-pooling 2x2, dropout, dense and ReLU, dropout, dense."""
    for number, filters in enumerate(spec.filters, start=1):
        kernel = keras.initializers.GlorotUniform(next(seeds))
        x = layers.Conv2D(filters, 3, kernel_initializer=kernel, name=f"conv{number}")(x)
        x = layers.ReLU(name=f"conv{number}_relu")(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.Dropout(spec.dropout_conv, seed=next(seeds), name="dropout_conv")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.ReLU(name="dense_relu")(dense(x, seeds, "dense", spec.dense))
    x = layers.Dropout(spec.dropout_dense, seed=next(seeds), name="dropout_dense")(x)
    return dense(x, seeds, "logits", classes)
