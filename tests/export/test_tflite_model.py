"""Files are read as they are, and what is no `.tflite` file is one clear error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edge_asr.errors import ExportError
from edge_asr.export.edgetpu import preflight
from edge_asr.export.tflite_model import read_model
from edge_asr.training.tflite_file import unpack
from edge_asr.training.tflite_writer import pack
from tests.export.graphs import Op, T, constant, graph, weights

TINY = (Path(__file__).parents[1] / "data" / "tiny_window.tflite").read_bytes()


def test_operators_tensors_and_options() -> None:
    picture, kernel = T((1, 4, 4, 2), signature=(-1, 4, 4, 2)), weights(3, 1, 1, 2)
    file = graph(
        Op("CONV_2D", [picture, kernel], [result := T((1, 4, 4, 3))], {"dilationHFactor": 2}, "Conv2DOptions", version=3),
        Op("RESHAPE", [result, constant([1, 48], "int64")], [T((1, 48), "uint8", scales=[0.25], zero_point=7)]),
    )
    model = read_model(file)
    convolution, reshape = model.operators
    assert [(op.name, op.version) for op in model.operators] == [("CONV_2D", 3), ("RESHAPE", 1)]
    assert (convolution.options["dilationHFactor"], convolution.options["dilationWFactor"], reshape.options) == (2, 1, {})
    read, constants = convolution.inputs
    assert read is model.inputs[0]
    assert reshape.inputs[0] is convolution.outputs[0]
    assert (read.described, read.data, read.values.size) == ("int8 [-1, 4, 4, 2]", None, 0)
    assert np.array_equal(constants.values, kernel.data.ravel())
    assert np.allclose(constants.scales, kernel.scales, rtol=1e-6)  # float32 in the file
    assert reshape.inputs[1].values.tolist() == [1, 48]
    assert (model.outputs[0].described, model.outputs[0].zero_points.tolist()) == ("uint8 [1, 48]", [7])


def test_left_out_inputs_and_custom_operators() -> None:
    content = unpack(graph(Op("CONV_2D", [T((1, 4, 4, 2)), weights(3, 1, 1, 2)], [T((1, 4, 4, 3))])))
    (operator,) = content.subgraphs[0].operators
    operator.inputs = np.array([0, 1, -1], np.int32)
    content.operatorCodes[0].builtinCode = schema.BuiltinOperator.CUSTOM
    content.operatorCodes[0].customCode = "mine"
    content.operatorCodes[0].deprecatedBuiltinCode = 0
    (found,) = read_model(pack(content)).operators
    assert (found.name, found.inputs[2]) == ("mine", None)


def test_files_from_before_there_were_more_than_127_operators() -> None:
    content = unpack(graph(Op("RELU", [T((1, 4))], [T((1, 4))])))
    content.operatorCodes[0].deprecatedBuiltinCode, content.operatorCodes[0].builtinCode = schema.BuiltinOperator.RELU, 0
    assert [operator.name for operator in read_model(pack(content)).operators] == ["RELU"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "found nothing"),
        (b"TFL", "found 3 bytes"),
        (b"PK\x03\x04 a model in an archive", "found 26 bytes"),
        (b"\x08\x00\x00\x00TFL3", "damaged or cut off"),
        (bytes(4) + b"TFL3" + bytes(100), "damaged or cut off"),
        (b"\xff\xff\xff\xffTFL3" + bytes(100), "damaged or cut off"),
    ],
)
def test_what_is_no_tflite_file(content: bytes, said: str) -> None:
    with pytest.raises(ExportError, match=said):
        read_model(content)


def test_a_file_without_a_graph() -> None:
    content = unpack(TINY)
    content.subgraphs = []
    with pytest.raises(ExportError, match="it has no graph"):
        read_model(pack(content))


def test_truncated_files() -> None:
    for size in range(8, len(TINY) - 64, 61):  # its tables stand at the end: what is cut off is missed
        with pytest.raises(ExportError):
            preflight(TINY[:size])


def test_damaged_files_are_read_or_refused() -> None:
    """Whatever stands in them: no other error, and no end of memory or patience."""
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(300):
        content = bytearray(TINY)
        for at in rng.integers(8, len(content), 4):
            content[at] = rng.choice([0, 1, 127, 128, 255, content[at] ^ 1 << rng.integers(8)])
        try:
            preflight(bytes(content))
        except ExportError:
            refused += 1
    assert 20 < refused < 280  # both happen often


def test_shared_vectors_are_not_read_for_ever() -> None:
    """A slimmed file shares equal vectors; this one says 2,000 times that it has 2,000 inputs, in 100 kB."""
    content = unpack(graph(Op("ADD", [T((1, 4))], [T((1, 4))])))
    (operator,) = content.subgraphs[0].operators
    operator.inputs = np.zeros(2000, np.int32)
    content.subgraphs[0].operators = [operator] * 2000
    file = pack(content)
    assert len(file) < 125_000
    with pytest.raises(ExportError, match="more inputs than it has bytes"):
        read_model(file)


def test_dimensions_have_an_end() -> None:
    with pytest.raises(ExportError, match="a tensor of 17 dimensions"):
        read_model(graph(Op("RELU", [T((1,) * 17)], [T((1,))])))
