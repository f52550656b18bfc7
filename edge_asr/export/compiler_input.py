"""A model as the Edge TPU's compiler likes it: with a name for every tensor, and dense layers that it knows.

Bundles' files have no names (`training.slim`), but the compiler tells the inputs and outputs of what it makes by them. And the
compiler is of 2021, when weights of a FULLY_CONNECTED had a single scale (tensorflow.org/lite/performance/quantization_spec);
those with one a channel become convolutions of 1 x 1, which always had that and compute the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edge_asr.errors import ConversionError, ExportError
from edge_asr.training.tflite_edit import add_buffer, add_tensor, new_operator
from edge_asr.training.tflite_file import unpack
from edge_asr.training.tflite_writer import pack

_PER_CHANNEL_VERSION = 3
"""Of CONV_2D: the first with int8 weights."""


def for_compiler(model: bytes) -> bytes:
    """The same model for the compiler: equal inputs and outputs give equal bits. Raises `ExportError` for a damaged file."""
    try:
        content = unpack(model)
    except ConversionError as err:
        raise ExportError(str(err)) from err
    graph = content.subgraphs[0]
    graph.operators = [new for operator in graph.operators for new in _without_dense(content, graph, operator)]
    for number, subgraph in enumerate(content.subgraphs):
        _name(subgraph, f"graph{number}")
    return pack(content)


def _name(subgraph: Any, name: str) -> None:
    """Names stay where they tell all tensors apart."""
    subgraph.name = subgraph.name or name
    names = [tensor.name for tensor in subgraph.tensors]
    if None in names or len(set(names)) < len(names):
        for number, tensor in enumerate(subgraph.tensors):
            tensor.name = f"tensor_{number}"


def _without_dense(content: Any, graph: Any, operator: Any) -> Iterator[Any]:
    """The operator, or what takes its place: a reshape to a pixel, a convolution, and a reshape back."""
    code = content.operatorCodes[operator.opcodeIndex].builtinCode
    if code != schema.BuiltinOperator.FULLY_CONNECTED or not _per_channel(graph, operator):
        yield operator
        return
    before, weights, *rest = operator.inputs.tolist()
    (after,) = operator.outputs.tolist()
    outputs, inputs = graph.tensors[weights].shape.tolist()
    bias = next((index for index in rest if index >= 0), None)
    pixel, result = (_alike(graph, index, (1, 1, 1, size)) for index, size in ((before, inputs), (after, outputs)))
    kernel = _alike(graph, weights, (outputs, 1, 1, inputs))
    yield _reshape(content, graph, before, pixel)
    yield _convolution(
        content, operator, [pixel, kernel, _zeros(content, graph, before, weights) if bias is None else bias], result
    )
    yield _reshape(content, graph, result, after)


def _per_channel(graph: Any, operator: Any) -> bool:
    """Of one row of inputs: several would be several pixels."""
    inputs, weights = graph.tensors[operator.inputs[0]], graph.tensors[operator.inputs[1]]
    scales = None if weights.quantization is None else weights.quantization.scale
    return scales is not None and len(scales) > 1 and int(np.prod(inputs.shape)) == int(weights.shape[1])


def _alike(graph: Any, index: int, shape: tuple[int, ...]) -> int:
    """A new tensor with the values of another in another shape."""
    tensor = graph.tensors[index]
    return add_tensor(graph, tensor.type, shape, quantization=tensor.quantization, buffer=tensor.buffer)


def _zeros(content: Any, graph: Any, before: int, weights: int) -> int:
    """A bias, which a convolution must have, of nothing."""
    quantization = schema.QuantizationParametersT()
    quantization.scale = graph.tensors[weights].quantization.scale * graph.tensors[before].quantization.scale[0]
    quantization.zeroPoint = np.zeros(len(quantization.scale), np.int64)
    zeros = add_buffer(content, np.zeros(len(quantization.scale), np.int32))
    return add_tensor(graph, schema.TensorType.INT32, [len(quantization.scale)], quantization=quantization, buffer=zeros)


def _reshape(content: Any, graph: Any, before: int, after: int) -> Any:
    shape = np.array(graph.tensors[after].shape, np.int32)
    wanted = add_tensor(graph, schema.TensorType.INT32, [len(shape)], buffer=add_buffer(content, shape))
    return new_operator(content, "RESHAPE", [before, wanted], [after])


def _convolution(content: Any, dense: Any, inputs: list[int], output: int) -> Any:
    operator = new_operator(content, "CONV_2D", inputs, [output], _PER_CHANNEL_VERSION)
    operator.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
    operator.builtinOptions = schema.Conv2DOptionsT()
    operator.builtinOptions.padding = schema.Padding.VALID
    operator.builtinOptions.strideH = operator.builtinOptions.strideW = 1
    activation = 0 if dense.builtinOptions is None else dense.builtinOptions.fusedActivationFunction
    operator.builtinOptions.fusedActivationFunction = activation
    return operator
