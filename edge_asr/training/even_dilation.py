"""Dilate convolutions over time equally in both directions, where the kernel is one column wide and nothing changes by it.

The converter writes what Keras was told, 2 in time and 1 in frequency. The Edge TPU's compiler maps equal dilations only.
"""

from __future__ import annotations

from typing import Any

from ai_edge_litert import schema_py_generated as schema

from edge_asr.training.tflite_file import unpack
from edge_asr.training.tflite_writer import pack

_CONVOLUTIONS = (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D)


def even_dilation(model: bytes) -> bytes:
    """The same model, bit for bit in what it computes; the very bytes where there is nothing to do. Raises `ConversionError`."""
    content = unpack(model)
    uneven = [
        operator
        for subgraph in content.subgraphs
        for operator in subgraph.operators
        if content.operatorCodes[operator.opcodeIndex].builtinCode in _CONVOLUTIONS and _is_uneven(subgraph, operator)
    ]
    for operator in uneven:
        larger = max(operator.builtinOptions.dilationHFactor, operator.builtinOptions.dilationWFactor)
        operator.builtinOptions.dilationHFactor = operator.builtinOptions.dilationWFactor = larger
    return pack(content) if uneven else model


def _is_uneven(subgraph: Any, operator: Any) -> bool:
    """Whether the dilations differ, and a kernel of one makes the smaller one, which is none, mean nothing."""
    _, height, width, _ = subgraph.tensors[operator.inputs[1]].shape
    dilations = ((operator.builtinOptions.dilationHFactor, height), (operator.builtinOptions.dilationWFactor, width))
    (smaller, taps), (larger, _) = sorted(dilations)
    return bool(smaller < larger and taps == 1)
