"""What runs a model, seen from Python: TFLite's interpreter, or LiteRT's CompiledModel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import TensorSpec
from edge_asr.runtime.op_count import OpCount


class NativeModel(Protocol):
    """A model, loaded. Not for two threads at once."""

    package: str
    """That runs it, as pip knows it."""
    inputs: tuple[TensorSpec, ...]
    """As the model file has them, in its order."""
    outputs: tuple[TensorSpec, ...]
    """As the model file has them, in its order."""
    ops: OpCount
    """What runs its operations."""

    def run(self, values: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Copies of the outputs for these inputs. Raises `InterpreterError` for other shapes or dtypes, and when it fails."""
        ...


def tensor_spec(details: Mapping[str, Any]) -> TensorSpec:
    """Of a tensor as TFLite's interpreter describes it."""
    scale, zero_point = details["quantization"]
    dtype = cast("Literal['int8']", np.dtype(details["dtype"]).name)  # whatever it is: the engine compares
    return TensorSpec(tuple(int(n) for n in details["shape"]), dtype, float(scale), int(zero_point))
