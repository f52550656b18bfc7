"""`.tflite` files of a few operators, put together by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edge_asr.training.tflite_edit import add_buffer, add_tensor, new_operator
from edge_asr.training.tflite_file import unpack
from edge_asr.training.tflite_writer import pack


@dataclass(eq=False)
class T:
    """A tensor: computed, or a constant with `data`."""

    shape: Sequence[int]
    dtype: str = "int8"
    data: Any = None
    signature: Sequence[int] | None = None
    scales: Sequence[float] = ()
    """Without: 0.5 for what is stored in bytes, none for other numbers."""
    zero_point: int = 0


@dataclass
class Op:
    """An operator; `options`: fields of its options table."""

    name: str
    inputs: Sequence[T]
    outputs: Sequence[T]
    options: dict[str, Any] = field(default_factory=dict)
    table: str = ""
    version: int = 1


def constant(values: Any, dtype: str = "int32", **more: Any) -> T:
    data = np.asarray(values, dtype)
    return T(data.shape, dtype, data, **more)


def weights(*shape: int, seed: int = 0) -> T:
    """int8, with a scale for each output channel."""
    data = np.random.default_rng(seed).integers(-127, 128, shape).astype(np.int8)
    scales = np.random.default_rng(seed + 1).uniform(0.001, 0.01, shape[0])
    return T(shape, "int8", data, scales=scales.tolist())


def graph(*ops: Op, inputs: Sequence[T] | None = None, outputs: Sequence[T] | None = None) -> bytes:
    """Without other word the file's inputs are the first operator's computed ones, its outputs the last one's."""
    content, main = schema.ModelT(), schema.SubGraphT()
    content.version, content.subgraphs, content.operatorCodes = 3, [main], []
    content.buffers = [schema.BufferT()]
    main.tensors, main.operators = [], []
    places: dict[T, int] = {}
    for op in ops:
        for tensor in (*op.inputs, *op.outputs):
            if tensor not in places:
                places[tensor] = _add(content, main, tensor)
        ends = [[places[tensor] for tensor in side] for side in (op.inputs, op.outputs)]
        operator = new_operator(content, op.name, *ends, op.version)
        if op.options or op.table:
            operator.builtinOptions = getattr(schema, f"{op.table}T")()
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, op.table)
            for name, value in op.options.items():
                setattr(operator.builtinOptions, name, value)
        main.operators.append(operator)
    first = [t for t in ops[0].inputs if t.data is None] if inputs is None else inputs
    main.inputs = np.array([places[t] for t in first], np.int32)
    main.outputs = np.array([places[t] for t in (ops[-1].outputs if outputs is None else outputs)], np.int32)
    return pack(content)


def compiled(model: bytes, mapped: bool = True) -> bytes:
    """What the Edge TPU's compiler makes of it: one custom operator from its inputs to its outputs; or itself, unmapped."""
    content = unpack(model)
    main = content.subgraphs[0]
    if mapped:
        main.operators = [new_operator(content, "CUSTOM", main.inputs, main.outputs)]
        content.operatorCodes[-1].customCode = "edgetpu-custom-op"
    return pack(content)


def _add(content: Any, main: Any, tensor: T) -> int:
    quantization = schema.QuantizationParametersT()
    scales = tensor.scales or ([0.5] if tensor.dtype in ("int8", "uint8") else [])
    if scales:
        quantization.scale = np.array(scales, np.float32)
        quantization.zeroPoint = np.full(len(scales), tensor.zero_point, np.int64)
    buffer = 0 if tensor.data is None else add_buffer(content, tensor.data)
    kind = getattr(schema.TensorType, tensor.dtype.upper())
    index = add_tensor(main, kind, tensor.shape, quantization=quantization, buffer=buffer)
    if tensor.signature is not None:
        main.tensors[index].shapeSignature = np.array(tensor.signature, np.int32)
    return index
