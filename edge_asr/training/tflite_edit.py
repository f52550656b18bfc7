"""Add to an unpacked `.tflite` file: tensors and operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema


def add_tensor(graph: Any, kind: int, shape: Sequence[int], *, quantization: Any = None, buffer: int = 0) -> int:
    """The index of a new tensor of a subgraph. `kind`: a `TensorType`. `buffer`: of its data; 0: none."""
    tensor = schema.TensorT()
    tensor.type, tensor.shape, tensor.buffer = kind, np.array(shape, np.int32), buffer
    tensor.quantization = quantization
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def add_buffer(content: Any, data: Any) -> int:
    """The index of a new buffer with the bytes of the array `data`."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(data.tobytes(), np.uint8)
    content.buffers.append(buffer)
    return len(content.buffers) - 1


def new_operator(content: Any, name: str, inputs: Sequence[int], outputs: Sequence[int], version: int = 1) -> Any:
    """A builtin operator over tensors by index, for the caller to put into its place. Takes the file's code of that name."""
    code = getattr(schema.BuiltinOperator, name)
    codes = [known.builtinCode for known in content.operatorCodes]
    if code not in codes:
        known = schema.OperatorCodeT()
        known.builtinCode, known.version = code, version
        known.deprecatedBuiltinCode = min(code, schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES)
        content.operatorCodes.append(known)
        codes.append(code)
    operator = schema.OperatorT()
    operator.opcodeIndex = codes.index(code)
    operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
    return operator
