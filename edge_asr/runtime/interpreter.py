"""One TFLite interpreter behind a small face: LiteRT where it is installed, else tflite-runtime."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import TensorSpec
from edge_asr.errors import DelegateError, InterpreterError
from edge_asr.runtime.accelerator import CPU, NONE, Accelerator
from edge_asr.runtime.delegates import load_delegate
from edge_asr.runtime.quiet import quiet_stderr

Kernels: TypeAlias = Literal["default", "builtin"]
"""`default`: XNNPACK where the package uses it. `builtin`: the portable kernels alone. They differ in the last bits."""


@dataclass(frozen=True)
class InterpreterDescription:
    """What runs a model. Outputs are comparable bit for bit within one set of kernels only."""

    package: str
    version: str
    kernels: Kernels
    """Of the CPU, for what the accelerator does not take."""
    threads: int = 1
    accelerator: str = "cpu"
    """What really runs the model: `cpu`, `gpu`, `edgetpu`, or the path of an external delegate."""
    options: dict[str, str] = field(default_factory=dict)
    """Those that the accelerator was told."""
    fallback: str = ""
    """Why the CPU runs it although an accelerator was asked for; else empty."""


class Interpreter:
    """A model, loaded and ready. Safe to share between threads: `invoke` and `step` take a lock."""

    inputs: tuple[TensorSpec, ...]
    """The inputs as the model file has them, in its order: first the features, behind them states."""
    outputs: tuple[TensorSpec, ...]
    """The outputs as the model file has them, in its order: first the logits, behind them the states for the next step."""

    def __init__(
        self,
        model: bytes,
        *,
        threads: int = 1,
        kernels: Kernels = "default",
        accelerator: Accelerator = CPU,
        fallback: str = "",
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        """Load `model`, the bytes of a `.tflite` file, to run on `threads` threads.

        `fallback`: why this runs instead of another accelerator, for the description. `input_shape`: of the first input,
        where it is not the file's own (other people's models leave it open).
        Raises `InterpreterError` when no interpreter is installed or it refuses the model, and `DelegateError` when
        the delegate can't be loaded or can't run it.
        """
        if threads < 1 or kernels not in ("default", "builtin"):
            raise InterpreterError(
                f"expected at least 1 thread and kernels 'default' or 'builtin', found {threads} and {kernels!r}"
            )
        self._package, module = _import_package()
        delegates = [] if accelerator.delegate == NONE else [load_delegate(module, accelerator)]
        self.description = InterpreterDescription(
            self._package, version(self._package), kernels, threads, accelerator.name, accelerator.options, fallback
        )
        """Package, version, kernels and accelerator, to be stated beside every measurement."""
        resolvers = module.OpResolverType
        resolver = resolvers.AUTO if kernels == "default" else resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        try:
            with quiet_stderr():  # the native library announces each delegate that it makes
                self._native = module.Interpreter(
                    model_content=model,
                    num_threads=threads,
                    experimental_op_resolver_type=resolver,
                    experimental_delegates=delegates,
                )
                if input_shape is not None:
                    self._native.resize_tensor_input(self._native.get_input_details()[0]["index"], input_shape)
                self._native.allocate_tensors()
            inputs, outputs = self._native.get_input_details(), self._native.get_output_details()
        except Exception as err:  # foreign code: ValueError, RuntimeError, SystemError, ... by package and version
            kind = DelegateError if delegates else InterpreterError
            raise kind(f"{self._package} refuses the model: {str(err) or type(err).__name__}") from err
        self.inputs, self.outputs = tuple(map(_tensor_spec, inputs)), tuple(map(_tensor_spec, outputs))
        self._input_index, *self._state_indexes = (tensor["index"] for tensor in inputs)
        self._output_indexes = [tensor["index"] for tensor in outputs]
        self._lock = threading.Lock()

    @property
    def input(self) -> TensorSpec:
        """The first input."""
        return self.inputs[0]

    @property
    def output(self) -> TensorSpec:
        """The first output."""
        return self.outputs[0]

    def invoke(self, values: NDArray[Any]) -> NDArray[Any]:
        """Run a model without states on `values` of `input.shape`, int8 but for models of others.

        Returns a copy of the output, of `output.shape`.

        Raises `InterpreterError` as `step` does.
        """
        return self.step(values, ())[0]

    def step(
        self, values: NDArray[np.int8], states: Sequence[NDArray[np.int8]]
    ) -> tuple[NDArray[np.int8], list[NDArray[np.int8]]]:
        """Run the model on int8 `values` of `input.shape` and `states` of the shapes of the other inputs.

        Returns copies of the output, of `output.shape`, and of the other outputs: the states for the next step.
        Raises `InterpreterError` when number, shape or dtype are not the inputs', or the interpreter fails.
        """
        if len(states) != len(self._state_indexes):
            raise InterpreterError(f"expected {len(self._state_indexes)} states, as the model has, found {len(states)}")
        native = self._native
        try:
            with self._lock:
                native.set_tensor(self._input_index, values)
                for index, state in zip(self._state_indexes, states):
                    native.set_tensor(index, state)
                native.invoke()
                output, *following = [native.get_tensor(index) for index in self._output_indexes]
        except (ValueError, RuntimeError) as err:
            raise InterpreterError(f"{self._package} could not run the model: {err}") from err
        return output, following


def _import_package() -> tuple[str, Any]:
    try:
        from ai_edge_litert import interpreter as litert

        return "ai-edge-litert", litert
    except ImportError as err:
        reason = err
    try:
        from tflite_runtime import interpreter as tflite

        return "tflite-runtime", tflite
    except ImportError:
        raise InterpreterError(
            "expected a TFLite interpreter, found none: pip install ai-edge-litert "
            f"(on 32-bit ARM: pip install tflite-runtime 'numpy<2'); the import said: {reason}"
        ) from reason


def _tensor_spec(details: Mapping[str, Any]) -> TensorSpec:
    scale, zero_point = details["quantization"]
    dtype = cast("Literal['int8']", np.dtype(details["dtype"]).name)  # whatever it is: the engine compares
    return TensorSpec(tuple(int(n) for n in details["shape"]), dtype, float(scale), int(zero_point))
