"""What the compiler is given computes the same bits, and has what the compiler needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_asr.errors import ExportError
from edge_asr.export.compiler_input import for_compiler
from edge_asr.export.edgetpu import preflight
from edge_asr.export.tflite_model import read_model
from edge_asr.runtime.interpreter import Interpreter, Kernels
from edge_asr.training.slim import slim
from edge_asr.training.tflite_file import check_int8, unpack
from edge_asr.training.tflite_writer import pack
from tests.export.graphs import Op, T, constant, graph, weights

DATA = Path(__file__).parents[1] / "data"


def names(model: bytes) -> list[bytes]:
    return [tensor.name for tensor in unpack(model).subgraphs[0].tensors]


def same_bits(one: bytes, other: bytes, kernels: Kernels) -> bool:
    models = [Interpreter(content, kernels=kernels) for content in (one, other)]
    rng = np.random.default_rng(3)
    inputs = [rng.integers(-128, 128, models[0].input.shape).astype(np.int8) for _ in range(5)]
    return all(np.array_equal(*(model.invoke(given) for model in models)) for given in inputs)


def dense(activation: int = 0, scales: int = 6, bias: bool = True) -> bytes:
    kernel = weights(6, 8)
    kernel.scales = kernel.scales[:scales]
    offset = constant(np.arange(-3000, 3000, 1000), scales=[scale * 0.5 for scale in kernel.scales])
    inputs = [T((1, 8)), kernel, *([offset] if bias else [])]
    options = {"fusedActivationFunction": activation}
    return graph(Op("FULLY_CONNECTED", inputs, [T((1, 6), scales=[0.01])], options, "FullyConnectedOptions", version=4))


@pytest.mark.parametrize("file", ["tiny.tflite", "tiny_window.tflite", "tiny_speech_window.tflite"])
def test_names_are_put_back_and_bits_stay(file: str) -> None:
    model = slim((DATA / file).read_bytes())
    given = for_compiler(model)
    assert set(names(model)) == {None}
    assert None not in names(given)
    assert len(set(names(given))) == len(names(given))
    assert unpack(given).subgraphs[0].name
    check_int8(given)
    assert preflight(given).whole
    assert same_bits(model, given, "builtin")
    assert same_bits(model, given, "default")


def test_names_that_tell_tensors_apart_stay() -> None:
    content = unpack(graph(Op("RELU", [T((1, 8))], [T((1, 8))])))
    for tensor, name in zip(content.subgraphs[0].tensors, ("sound", "words")):
        tensor.name = name
    assert names(for_compiler(pack(content))) == [b"sound", b"words"]
    content.subgraphs[0].tensors[1].name = "sound"
    assert len(set(names(for_compiler(pack(content))))) == 2


@pytest.mark.parametrize("activation", [0, 1])
@pytest.mark.parametrize("bias", [True, False])
def test_a_dense_layer_with_a_scale_a_channel_becomes_a_convolution(activation: int, bias: bool) -> None:
    model = dense(activation, bias=bias)
    given = for_compiler(model)
    assert [operator.name for operator in read_model(given).operators] == ["RESHAPE", "CONV_2D", "RESHAPE"]
    assert [operator.version for operator in read_model(given).operators] == [1, 3, 1]
    assert same_bits(model, given, "builtin")


def test_one_with_a_single_scale_stays() -> None:
    assert [operator.name for operator in read_model(for_compiler(dense(scales=1))).operators] == ["FULLY_CONNECTED"]


def test_and_one_of_several_rows() -> None:
    rows = graph(Op("FULLY_CONNECTED", [T((4, 8)), weights(6, 8)], [T((4, 6))]))
    assert [operator.name for operator in read_model(for_compiler(rows)).operators] == ["FULLY_CONNECTED"]


def test_damaged_files_are_refused() -> None:
    content = (DATA / "tiny.tflite").read_bytes()
    for cut in (b"", content[: len(content) // 2]):
        with pytest.raises(ExportError, match=r"expected a .*tflite file"):
            for_compiler(cut)
