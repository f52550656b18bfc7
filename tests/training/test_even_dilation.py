"""Dilation in time is written for both directions where that changes nothing, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from edge_asr.runtime.interpreter import Interpreter
from edge_asr.training.convert import convert_int8
from edge_asr.training.even_dilation import even_dilation
from edge_asr.training.fake_quant import simulate_int8
from edge_asr.training.tflite_file import unpack
from edge_asr.training.tflite_writer import pack

SHAPE = (16, 3, 1)
ONE_COLUMN = {
    "a depthwise convolution": lambda: layers.DepthwiseConv2D((3, 1), dilation_rate=(4, 1), name="dilated"),
    "one that is padded": lambda: layers.DepthwiseConv2D((3, 1), dilation_rate=(2, 1), padding="same", name="dilated"),
    "a convolution": lambda: layers.Conv2D(4, (3, 1), dilation_rate=(4, 1), name="dilated"),
    "one over frequency": lambda: layers.Conv2D(4, (1, 2), dilation_rate=(1, 2), name="dilated"),
}


def converted(dilated: Callable[[], keras.Layer]) -> bytes:
    inputs = keras.Input(SHAPE, name="features")
    x = layers.Conv2D(4, 1, activation="relu", name="conv")(inputs)
    x = layers.Dense(2, name="logits")(layers.GlobalAveragePooling2D(name="pool")(dilated()(x)))
    clips = np.random.default_rng(0).standard_normal((8, *SHAPE), dtype=np.float32)
    return convert_int8(simulate_int8(keras.Model(inputs, x), clips))


def dilations(model: bytes) -> list[tuple[int, int]]:
    options = [operator.builtinOptions for operator in unpack(model).subgraphs[0].operators]
    return [(one.dilationHFactor, one.dilationWFactor) for one in options if hasattr(one, "dilationHFactor")]


def as_keras_says(model: bytes, dilation: tuple[int, int]) -> bytes:
    content = unpack(model)
    (options,) = [
        operator.builtinOptions
        for operator in content.subgraphs[0].operators
        if getattr(operator.builtinOptions, "dilationHFactor", 1) > 1
    ]
    options.dilationHFactor, options.dilationWFactor = dilation
    return pack(content)


@pytest.mark.parametrize("name", ONE_COLUMN)
def test_what_has_one_column_is_dilated_evenly_and_says_the_same(name: str) -> None:
    model, layer = converted(ONE_COLUMN[name]), ONE_COLUMN[name]()
    size = max(layer.dilation_rate)
    assert dilations(model) == [(1, 1), (size, size)]
    uneven = as_keras_says(model, layer.dilation_rate)
    assert dilations(even_dilation(uneven)) == dilations(model)
    given = np.random.default_rng(1).integers(-128, 128, (4, 1, *SHAPE)).astype(np.int8)
    for kernels in ("default", "builtin"):
        one, other = (Interpreter(content, kernels=kernels) for content in (model, uneven))
        assert all(np.array_equal(one.invoke(window), other.invoke(window)) for window in given)


def test_kernels_of_several_columns_are_left_alone() -> None:
    model = converted(lambda: layers.Conv2D(4, (3, 2), dilation_rate=(2, 1), name="dilated"))
    assert dilations(model) == [(1, 1), (2, 1)]


def test_a_file_with_nothing_to_do_is_not_written_again() -> None:
    model = converted(lambda: layers.Conv2D(4, (3, 2), name="dilated"))
    assert even_dilation(model) is model
