"""What a `.tflite` file says, as plain values: the operators of its main graph and their tensors.

Neither an interpreter nor TensorFlow is needed, and files from anywhere are read: what a file does not hold is one clear
error, and the work is bounded by its size, also where its parts share vectors as slimmed files do.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from edge_asr.errors import ExportError

MOST_DIMENSIONS = 16
"""Of a tensor; TFLite's kernels stop at 8."""

_DTYPES = {code: name.lower() for name, code in vars(schema.TensorType).items() if not name.startswith("_")}
_NUMPY = {"int8": "i1", "uint8": "u1", "int32": "<i4", "int64": "<i8", "float32": "<f4"}
_READ_OPTIONS = {
    schema.BuiltinOptions.ConcatenationOptions,
    schema.BuiltinOptions.Conv2DOptions,
    schema.BuiltinOptions.DepthwiseConv2DOptions,
    schema.BuiltinOptions.FullyConnectedOptions,
    schema.BuiltinOptions.PackOptions,
    schema.BuiltinOptions.Pool2DOptions,
    schema.BuiltinOptions.StridedSliceOptions,
}
"""What is asked for elsewhere: all numbers. Others may have texts, of any length."""
_OPERATORS = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of the graph. Equal only to itself."""

    dtype: str
    """TFLite's name in lower case: `int8`, `float32`, `resource`, ..."""
    shape: tuple[int, ...]
    """Sizes that are open are -1."""
    data: NDArray[np.uint8] | None = field(repr=False)
    """The bytes of a constant; None of what is computed."""
    scales: NDArray[np.float32] = field(repr=False)
    """One, or one a channel; none where it is not quantised."""
    zero_points: NDArray[np.int64] = field(repr=False)

    @property
    def values(self) -> NDArray[Any]:
        """What a constant of a number's dtype holds, flat, as it is stored; empty for anything else."""
        stored = np.dtype(_NUMPY.get(self.dtype, np.uint8))
        if self.data is None or self.dtype not in _NUMPY:
            return np.empty(0, stored)
        return self.data[: self.data.size // stored.itemsize * stored.itemsize].view(stored)

    @property
    def described(self) -> str:
        """Like `int8 [1, 49, 40, 1]`."""
        return f"{self.dtype} {list(self.shape)}"


@dataclass(frozen=True)
class Operator:
    """One operator. They stand in the order in which they run."""

    name: str
    """TFLite's builtin name, like `CONV_2D`, or a custom operator's own."""
    version: int
    inputs: tuple[Tensor | None, ...]
    """None: an optional input that is left out."""
    outputs: tuple[Tensor, ...]
    options: Mapping[str, int] = field(repr=False)
    """By the schema's names, like `dilationHFactor`, of those operators that have such; what is missing has its default."""


@dataclass(frozen=True)
class TfliteModel:
    """The main graph of a file."""

    operators: tuple[Operator, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read_model(content: bytes) -> TfliteModel:
    """The main graph of a `.tflite` file. Raises `ExportError` for what is none, is truncated or contradicts itself."""
    if content[4:8] != b"TFL3":
        found = "nothing" if not content else f"{len(content)} bytes with {bytes(content[4:8])!r} there"
        raise ExportError(f"expected a .tflite file (TFL3 in its bytes 4 to 8), found {found}")
    try:
        return _Reader(content).model
    except (struct.error, LookupError, ValueError, TypeError, AttributeError, OverflowError) as err:
        raise ExportError(
            f"expected a whole .tflite file, found one that is damaged or cut off: {err}: convert it again"
        ) from err


class _Reader:
    """Follows a file's offsets; what is wrong in it shows as whatever the reading of bytes raises."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._model = schema.Model.GetRootAs(content, 0)
        if not self._model.SubgraphsLength():
            raise ValueError("it has no graph")
        self._graph = self._model.Subgraphs(0)
        self._tensors: dict[int, Tensor] = {}
        self._left = len(content)
        """So much more is read: what operators name takes bytes of its own, unless the file was made to be read for ever."""

    @cached_property
    def model(self) -> TfliteModel:
        operators = tuple(self._operator(self._graph.Operators(at)) for at in range(self._graph.OperatorsLength()))
        inputs, outputs = (self._used(_vector(self._graph, ends)) for ends in ("Inputs", "Outputs"))
        return TfliteModel(operators, _present(inputs), _present(outputs))

    def _operator(self, operator: Any) -> Operator:
        code = self._model.OperatorCodes(operator.OpcodeIndex())
        builtin = max(code.DeprecatedBuiltinCode(), code.BuiltinCode())  # files from before 2020 have the former alone
        name = _OPERATORS.get(builtin, f"BUILTIN_{builtin}")
        if builtin == schema.BuiltinOperator.CUSTOM:
            name = (code.CustomCode() or b"custom").decode(errors="replace")
            self._charge(len(name))
        inputs, outputs = (self._used(_vector(operator, ends)) for ends in ("Inputs", "Outputs"))
        return Operator(name, code.Version(), inputs, _present(outputs), _options(operator))

    def _used(self, indices: NDArray[Any]) -> tuple[Tensor | None, ...]:
        self._charge(len(indices))
        return tuple(self._tensor(index) if index >= 0 else None for index in indices.tolist())

    def _charge(self, reads: int) -> None:
        self._left -= reads
        if self._left < 0:
            raise ValueError("its operators have more inputs than it has bytes")

    def _tensor(self, index: int) -> Tensor:
        if index >= self._graph.TensorsLength():
            raise ValueError(f"tensor {index} of {self._graph.TensorsLength()}")
        if index not in self._tensors:
            tensor = self._graph.Tensors(index)
            shape = _vector(tensor, "ShapeSignature") if tensor.ShapeSignatureLength() else _vector(tensor, "Shape")
            if len(shape) > MOST_DIMENSIONS:
                raise ValueError(f"a tensor of {len(shape)} dimensions")
            quantization = tensor.Quantization()
            self._tensors[index] = Tensor(
                _DTYPES.get(tensor.Type(), f"type {tensor.Type()}"),
                tuple(shape.tolist()),
                self._data(tensor.Buffer()),
                _vector(quantization, "Scale"),
                _vector(quantization, "ZeroPoint"),
            )
        return self._tensors[index]

    def _data(self, index: int) -> NDArray[np.uint8] | None:
        if not 0 < index < self._model.BuffersLength():  # 0 is the empty one
            return None
        buffer = self._model.Buffers(index)
        if buffer.Size():  # behind the FlatBuffer, in files above 2 GB
            return np.frombuffer(self._content, np.uint8, buffer.Size(), buffer.Offset())
        return _vector(buffer, "Data") if buffer.DataLength() else None


def _vector(table: Any | None, name: str) -> NDArray[Any]:
    """A view of a table's vector of numbers; empty where there is none."""
    found = None if table is None else getattr(table, f"{name}AsNumpy")()
    return found if isinstance(found, np.ndarray) else np.empty(0, np.int32)


def _present(tensors: tuple[Tensor | None, ...]) -> tuple[Tensor, ...]:
    return tuple(tensor for tensor in tensors if tensor is not None)


def _options(operator: Any) -> Mapping[str, int]:
    if operator.BuiltinOptionsType() not in _READ_OPTIONS or operator.BuiltinOptions() is None:
        return {}
    return dict(vars(schema.BuiltinOptionsCreator(operator.BuiltinOptionsType(), operator.BuiltinOptions())))
