"""Each rule of the Edge TPU, on a graph that it lets pass and on one that it does not."""

from __future__ import annotations

import re

import numpy as np
import pytest

from edge_asr.export.edgetpu import preflight
from tests.export.graphs import Op, T, constant, graph, weights

PICTURE = (1, 8, 4, 8)


def one(name: str, *parameters: T, out=PICTURE, of=PICTURE, first=(), table="", version=1, dtype="int8", **options) -> bytes:
    """A file of one operator: `first` parameters, a picture of the shape `of`, then `parameters`."""
    return graph(Op(name, [*first, T(of, dtype), *parameters], [T(out, dtype)], options, table, version))


def two(name: str, out=PICTURE, of=PICTURE, count=2, table="", **options) -> bytes:
    return graph(Op(name, [T(of) for _ in range(count)], [T(out)], options, table))


def joined(*parts: T, out=(1, 16, 4, 8)) -> bytes:
    return graph(Op("CONCATENATION", parts, [T(out)], {"axis": 1}, "ConcatenationOptions"))


def convolution(y: int, x: int, depthwise: bool = False) -> bytes:
    name, table = ("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions") if depthwise else ("CONV_2D", "Conv2DOptions")
    return one(name, weights(8, 3, 3, 8), table=table, dilationHFactor=y, dilationWFactor=x)


ONES, ZEROS = np.ones(PICTURE, np.int8), np.zeros(PICTURE, np.int8)
FOUR = [0, 0, 0, 0]

MAPPED = {
    "an addition": two("ADD"),
    "one that is broadcast": graph(
        Op("ADD", [T(PICTURE), T((1, 8, 1, 8))], [T(PICTURE)], {"fusedActivationFunction": 1}, "AddOptions")
    ),
    "uint8": one("RELU", dtype="uint8"),
    "a fifth dimension of one": one("RELU", of=(1, 1, 8, 4, 8), out=(1, 1, 8, 4, 8)),
    "pooling": one("MAX_POOL_2D", table="Pool2DOptions"),
    "a convolution": convolution(1, 1),
    "one that is dilated evenly": convolution(2, 2),
    "a depthwise one that is": convolution(3, 3, depthwise=True),
    "a convolution of the version before": one("CONV_2D", weights(8, 1, 1, 8), version=5),
    "joined computed ones": joined(T(PICTURE), T(PICTURE)),
    "joined zeros": joined(T(PICTURE), T(PICTURE, data=ZEROS)),
    "joined zeros that are stored as -3": joined(T(PICTURE), T(PICTURE, data=ZEROS - 3, zero_point=-3)),
    "a dense layer": one("FULLY_CONNECTED", weights(5, 8), of=(1, 8), out=(1, 5), table="FullyConnectedOptions"),
    "a mean over time and frequency": one("MEAN", constant([1, 2]), out=(1, 8), table="ReducerOptions"),
    "a mean over 8 channels": one("MEAN", constant([-1]), out=(1, 8, 4)),
    "the largest over time": one("REDUCE_MAX", constant([1]), out=(1, 4, 8)),
    "packing in front of the channels": two("PACK", of=(1, 8, 8), out=(1, 8, 2, 8), table="PackOptions", axis=2),
    "padding in time": one("PAD", constant([[0, 0], [1, 1], [0, 0], [0, 0]]), out=(1, 10, 4, 8)),
    "splitting channels": one("SPLIT", first=[constant(3)], out=(1, 8, 4, 4)),
    "a slope a channel": one("PRELU", weights(1, 1, 8)),
    "a softmax": one("SOFTMAX", of=(1, 16_000), out=(1, 16_000)),
    "squeezing the batch": one("SQUEEZE", of=PICTURE, out=(8, 4, 8)),
    "a crop": one(
        "STRIDED_SLICE", constant(FOUR), constant(PICTURE), constant([1, 1, 1, 1]), table="StridedSliceOptions", beginMask=9
    ),
    "a transposition": one("TRANSPOSE", constant([0, 2, 1, 3]), out=(1, 4, 8, 8)),
    "resizing": one("RESIZE_BILINEAR", constant([16, 8]), out=(1, 16, 8, 8), version=2),
    "requantisation": one("QUANTIZE"),
    "an LSTM": one("UNIDIRECTIONAL_SEQUENCE_LSTM", weights(8, 8), of=(1, 8, 8), out=(1, 8, 8)),
}

REFUSED = {
    "floats": (one("RELU", dtype="float32"), r"works on float32 \[1, 8, 4, 8\], which is not int8", "invoke quantize"),
    "int16": (one("RELU", dtype="int16"), "works on int16", "make it int8"),
    "float weights": (
        one("CONV_2D", constant(np.ones((8, 1, 1, 8)), "float32")),
        r"works on float32 \[8, 1, 1, 8\]",
        "make it int8",
    ),
    "a result of floats": (graph(Op("QUANTIZE", [T(PICTURE)], [T(PICTURE, "float32")])), "works on float32", "make it int8"),
    "an open shape": (
        graph(Op("RELU", [T(PICTURE, signature=(-1, 8, 4, 8))], [T(PICTURE)])),
        r"shape \[-1, 8, 4, 8\] is open",
        "fixed number",
    ),
    "a batch": (one("RELU", of=(2, 8, 4, 8)), r"\[2, 8, 4, 8\] has more than its 3 innermost dimensions above 1", "batch of 1"),
    "a fifth dimension": (one("ADD", of=(1, 2, 8, 4, 8), out=PICTURE), r"\[1, 2, 8, 4, 8\] has more than its 3", "batch of 1"),
    "a result of five dimensions": (
        one("RESHAPE", constant([1, 2, 4, 4, 8]), out=(1, 2, 4, 4, 8)),
        r"\[1, 2, 4, 4, 8\] has",
        "batch of 1",
    ),
    "computed weights": (one("CONV_2D", T((8, 1, 1, 8))), r"parameter int8 \[8, 1, 1, 8\] is computed", "fixed"),
    "a computed shape": (one("RESHAPE", T((4,), "int32")), r"parameter int32 \[4\] is computed", "fixed"),
    "constants alone": (graph(Op("ADD", [T(PICTURE, data=ONES)] * 2, [T(PICTURE)])), "constants alone", "beforehand"),
    "pooling with a ReLU": (one("AVERAGE_POOL_2D", table="Pool2DOptions", fusedActivationFunction=1), "activation", "in front"),
    "the largest of a pool with one": (
        one("MAX_POOL_2D", table="Pool2DOptions", fusedActivationFunction=3),
        "activation",
        "in front",
    ),
    "joining with a ReLU": (
        two("CONCATENATION", table="ConcatenationOptions", fusedActivationFunction=1),
        "activation",
        "in front",
    ),
    "joined ones": (joined(T(PICTURE), T(PICTURE, data=ONES)), "not all zeros", r"PAD"),
    "joined zeros of another zero point": (joined(T(PICTURE), T(PICTURE, data=ZEROS, zero_point=-3)), "not all zeros", "PAD"),
    "zeros joined to two": (joined(T(PICTURE), T(PICTURE), T(PICTURE, data=ZEROS)), "several inputs", "PAD"),
    "dilation in time": (convolution(2, 1), "dilated by 2 in y and 1 in x", "dilate equally"),
    "and of a depthwise one": (convolution(1, 3, depthwise=True), "dilated by 1 in y and 3 in x", "dilate equally"),
    "a newer convolution": (
        one("CONV_2D", weights(8, 1, 1, 8), version=6),
        "version 6 of it is newer than 5",
        "older TensorFlow",
    ),
    "a newer resizing": (
        one("RESIZE_NEAREST_NEIGHBOR", constant([16, 8]), version=3),
        "version 3 of it is newer than 2",
        "older",
    ),
    "another": (one("RESIZE_BILINEAR", constant([16, 8]), version=3), "version 3 of it is newer than 2", "older"),
    "dense rows": (
        one("FULLY_CONNECTED", weights(5, 8), of=(1, 4, 8), out=(1, 4, 5)),
        r"output \[1, 4, 5\] is more than one row",
        "1 x 1",
    ),
    "shuffled weights": (
        one("FULLY_CONNECTED", weights(5, 8), of=(1, 8), out=(1, 5), table="FullyConnectedOptions", weightsFormat=1),
        "shuffled",
        "default format",
    ),
    "a mean over 6 channels": (
        one("MEAN", constant([3]), of=(1, 8, 4, 6), out=(1, 8, 4)),
        "6 channels, no multiple of 4",
        "multiple of 4",
    ),
    "a mean over the batch": (one("MEAN", constant([0, 1]), out=(4, 8)), "reduces the batch", "the batch is 1"),
    "the largest of the batch": (one("REDUCE_MAX", constant([-4]), out=(8, 4, 8)), "reduces the batch", "the batch is 1"),
    "the smallest of the batch": (one("REDUCE_MIN", constant([0]), out=(8, 4, 8)), "reduces the batch", "the batch is 1"),
    "packing a batch": (
        two("PACK", of=(8, 4, 8), out=(1, 8, 4, 8), count=1, table="PackOptions", axis=0),
        "stacks along the batch",
        "batch",
    ),
    "padding the batch": (one("PAD", constant([[0, 1], [0, 0], [0, 0], [0, 0]])), "pads the batch", "the batch is 1"),
    "splitting the batch": (one("SPLIT", first=[constant(-4)]), "splits the batch", "the batch is 1"),
    "a slope a frame": (one("PRELU", weights(8, 1, 8)), r"slopes \[8, 1, 8\] differ within a channel", "one slope a channel"),
    "a softmax of rows": (one("SOFTMAX", of=(1, 4, 8), out=(1, 4, 8)), "not one row of at most 16,000", "logits"),
    "a softmax of too many": (one("SOFTMAX", of=(1, 16_001), out=(1, 16_001)), "not one row", "logits"),
    "squeezing in the middle": (one("SQUEEZE", of=(1, 8, 1, 8), out=(1, 8, 8)), "not leading ones alone", "RESHAPE"),
    "every second frame": (
        one("STRIDED_SLICE", constant(FOUR), constant(PICTURE), constant([1, 2, 1, 1]), out=(1, 4, 4, 8)),
        r"strides are \[1, 2, 1, 1\]",
        "convolution before it",
    ),
    "a new axis": (
        one("STRIDED_SLICE", constant(FOUR), constant(PICTURE), constant([1] * 4), table="StridedSliceOptions", newAxisMask=1),
        "ellipsis or a new axis",
        "reshape",
    ),
    "a hard swish": (one("HARD_SWISH"), "has no such operator", "use ReLU"),
    "a leaky ReLU": (one("LEAKY_RELU"), "has no such operator", "PReLU"),
    "dequantisation": (graph(Op("DEQUANTIZE", [T(PICTURE)], [T(PICTURE, "float32")])), "has no such operator", "make it int8"),
    "a remainder": (two("FLOOR_MOD"), "has no such operator", "docs/accelerators.md"),
    "a variable": (graph(Op("VAR_HANDLE", [], [T((), "resource")])), "has no such operator", "window form"),
}


@pytest.mark.parametrize("name", MAPPED)
def test_maps(name: str) -> None:
    assert preflight(MAPPED[name]).on_cpu == ()


@pytest.mark.parametrize("name", REFUSED)
def test_does_not_map_and_says_why(name: str) -> None:
    model, reason, change = REFUSED[name]
    (fate,) = preflight(model).on_cpu
    assert (fate.number, fate.mapped) == (0, False)
    assert re.search(reason, fate.reason), fate.reason
    assert re.search(change, fate.change), fate.change


PARAMETERS = {
    "CONV_2D": 2,
    "DEPTHWISE_CONV_2D": 1,
    "EXPAND_DIMS": 1,
    "FULLY_CONNECTED": 2,
    "LSTM": 4,
    "MEAN": 1,
    "PAD": 1,
    "PRELU": 1,
    "REDUCE_MAX": 1,
    "REDUCE_MIN": 1,
    "RESHAPE": 1,
    "RESIZE_BILINEAR": 1,
    "RESIZE_NEAREST_NEIGHBOR": 1,
    "SLICE": 2,
    "SPLIT": 0,
    "STRIDED_SLICE": 3,
    "SUM": 1,
    "TRANSPOSE": 1,
    "TRANSPOSE_CONV": 0,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 17,
}
"""An input of each that must be a constant."""
DATA = {"SPLIT": 1, "TRANSPOSE_CONV": 2}
"""Where what is computed on stands, if not in front."""


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_constants(name: str) -> None:
    position, data = PARAMETERS[name], DATA.get(name, 0)
    inputs: list[T] = [constant([1] * 8) for _ in range(1 + max(position, data))]
    inputs[data], inputs[position] = T((1, 8)), T((1, 8))
    (fate,) = preflight(graph(Op(name, inputs, [T((1, 8))]))).on_cpu
    assert fate.reason == "its parameter int8 [1, 8] is computed, not a constant"
