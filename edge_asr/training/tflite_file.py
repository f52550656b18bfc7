"""Look into `.tflite` files: their operators, and whether they are what a device can run in int8."""

from __future__ import annotations

import struct
from collections import Counter
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from edge_asr.bundle.manifest import TensorSpec
from edge_asr.errors import ConversionError

_TYPES = {schema.TensorType.INT8: "int8", schema.TensorType.INT32: "int32", schema.TensorType.RESOURCE: "resource"}
_OPERATOR_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
_PER_CHANNEL = (
    schema.BuiltinOperator.CONV_2D,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D,
    schema.BuiltinOperator.FULLY_CONNECTED,
)


def unpack(model: bytes) -> Any:
    """The file as `schema_py_generated.ModelT`. Raises `ConversionError` where it is no `.tflite` file with a subgraph."""
    if model[4:8] != b"TFL3":
        raise ConversionError(f"expected a .tflite file (identifier TFL3), found {bytes(model[4:8])!r}")
    try:
        content = schema.ModelT.InitFromPackedBuf(model, 0)
    except (struct.error, LookupError, ValueError, TypeError, AttributeError) as err:
        raise ConversionError(f"expected a whole .tflite file, found one that is damaged or cut off: {err}") from err
    if not content.subgraphs:
        raise ConversionError("expected a .tflite file with a subgraph, found none")
    return content


def operator_counts(model: bytes) -> dict[str, int]:
    """How often each operator of the main subgraph occurs, by name, sorted by name."""
    content = unpack(model)
    names = (_name(content, operator) for operator in content.subgraphs[0].operators)
    return dict(sorted(Counter(names).items()))


def tensor_specs(model: bytes) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs of an int8 file, in its order. Raises `ConversionError`."""
    subgraph = unpack(model).subgraphs[0]
    inputs, outputs = (tuple(_spec(subgraph.tensors[index]) for index in ends) for ends in (subgraph.inputs, subgraph.outputs))
    return inputs, outputs


def check_int8(model: bytes) -> None:
    """Raise `ConversionError` unless everything in the file is int8, static, batch 1, with per-channel weights.

    int32 is allowed where TFLite has it: biases and constants such as axes. Resource variables hold int8 like all else.
    Weights may have a single scale only where there is a single channel.
    """
    content = unpack(model)
    for subgraph in content.subgraphs:
        for index in (*subgraph.inputs, *subgraph.outputs):
            _check_boundary(subgraph.tensors[index])
        for operator in subgraph.operators:
            _check_operator(content, subgraph.tensors, operator)


def _check_operator(content: Any, tensors: Any, operator: Any) -> None:
    name = _name(content, operator)
    if name == "DEQUANTIZE":
        raise ConversionError("the converter left a DEQUANTIZE operator: a layer has no int8 form")
    for index in (*operator.inputs, *operator.outputs):
        if index >= 0:
            _check_tensor(tensors[index], name)
    if content.operatorCodes[operator.opcodeIndex].builtinCode in _PER_CHANNEL:
        _check_weights(tensors[operator.inputs[1]], name)


def _check_boundary(tensor: Any) -> None:
    if tensor.type != schema.TensorType.INT8 or tensor.shape[0] != 1:
        found = f"type {tensor.type}, shape {list(tensor.shape)}"
        raise ConversionError(f"expected int8 input and output with batch 1, found {found}")


def _check_tensor(tensor: Any, operator: str) -> None:
    label = tensor.name.decode() if tensor.name else "a tensor"
    if tensor.type not in _TYPES:
        raise ConversionError(f"{operator} uses {label} of type {tensor.type}, expected {' or '.join(_TYPES.values())}")
    if tensor.shapeSignature is not None and min(tensor.shapeSignature, default=0) < 0:
        raise ConversionError(f"{operator} uses {label} of dynamic shape {list(tensor.shapeSignature)}, expected static")


def _check_weights(tensor: Any, operator: str) -> None:
    quantization = tensor.quantization
    channels = int(tensor.shape[quantization.quantizedDimension])
    if len(quantization.scale) != channels or any(quantization.zeroPoint):
        raise ConversionError(
            f"{operator} has {len(quantization.scale)} weight scales for {channels} channels: expected one each, zero point 0"
        )


def _spec(tensor: Any) -> TensorSpec:
    scale, zero_point = tensor.quantization.scale[0], tensor.quantization.zeroPoint[0]
    return TensorSpec(tuple(int(size) for size in tensor.shape), "int8", float(scale), int(zero_point))


def _name(content: Any, operator: Any) -> str:
    code = content.operatorCodes[operator.opcodeIndex]
    return str(_OPERATOR_NAMES.get(code.builtinCode, code.customCode))
