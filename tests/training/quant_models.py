"""Small networks with trained-looking weights, and a task that they can learn, for the tests of quantisation."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from edge_asr.bundle.quantization import dequantize, quantize
from edge_asr.runtime.interpreter import Interpreter, Kernels

SHAPE = (12, 8, 1)
CLASSES = 4


def residual_network(seed: int = 0) -> keras.Model:
    """Stem, a residual separable block, global pooling: what the zoo's networks are made of."""
    x = inputs = keras.Input(SHAPE, name="features")
    x = _conv_bn(x, "stem", 8, 3)
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(x)
    y = layers.BatchNormalization(momentum=0.9, name="depthwise_bn")(y)
    y = layers.ReLU(name="depthwise_relu")(y)
    y = _conv_bn(y, "pointwise", 8, 1, relu=False)
    x = layers.ReLU(name="relu")(layers.Add(name="add")([x, y]))
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(0.1, name="dropout")(x)
    return with_statistics(keras.Model(inputs, layers.Dense(CLASSES, name="logits")(x), name="residual"), seed)


def pooling_network(seed: int = 0) -> keras.Model:
    """The other layers: biased convolution, depth multiplier, pooling windows, flattening, a dense layer with batch norm."""
    x = inputs = keras.Input(SHAPE, name="features")
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(x)
    x = layers.MaxPooling2D(2, name="max_pool")(x)
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="depthwise")(x)
    x = layers.BatchNormalization(momentum=0.9, scale=False, name="depthwise_bn")(x)
    x = layers.AveragePooling2D((1, 3), name="average_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.ReLU(name="dense_relu")(layers.BatchNormalization(momentum=0.9, name="dense_bn")(layers.Dense(8, name="dense")(x)))
    return with_statistics(keras.Model(inputs, layers.Dense(CLASSES, name="logits")(x), name="pooling"), seed)


def clips(count: int, seed: int = 1) -> np.ndarray:
    """Noise features, float32 (count, *SHAPE)."""
    return np.random.default_rng(seed).standard_normal((count, *SHAPE), dtype=np.float32)


def task(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features (count, *SHAPE) and labels: each class is a ripple along the features, of its own rate, under noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(CLASSES, size=count)
    phase = rng.uniform(0, 2 * np.pi, count)[:, None] + np.pi * labels[:, None] / (CLASSES - 1) * np.arange(SHAPE[1])
    features = np.cos(phase)[:, None, :, None] + rng.standard_normal((count, *SHAPE))
    return features.astype(np.float32), labels.astype(np.int32)


def run_int8(model: bytes, features: np.ndarray, kernels: Kernels = "builtin") -> tuple[np.ndarray, float]:
    """Dequantised logits (clips, classes) of an int8 model and the step of its output."""
    interpreter = Interpreter(model, kernels=kernels)
    stored = [interpreter.invoke(quantize(clip[np.newaxis], interpreter.input)) for clip in features]
    return dequantize(np.concatenate(stored), interpreter.output), interpreter.output.scale


def _conv_bn(x: keras.KerasTensor, name: str, channels: int, kernel: int, relu: bool = True) -> keras.KerasTensor:
    x = layers.Conv2D(channels, kernel, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def with_statistics(model: keras.Model, seed: int) -> keras.Model:
    """Seeded weights; scales, offsets, means and variances as training would leave them, not ones and zeros."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
        elif layer.weights:
            fan_in = np.prod(layer.kernel.shape[:-1]) if not isinstance(layer, layers.DepthwiseConv2D) else 9
            shapes = [w.shape for w in layer.get_weights()]
            layer.set_weights([rng.standard_normal(shape) * np.sqrt(2 / fan_in) for shape in shapes])
    return model
