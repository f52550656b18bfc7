"""A model behind a small face, whatever runs it: TFLite's kernels, a delegate, or the GPU."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import TensorSpec
from edge_asr.errors import InterpreterError
from edge_asr.runtime.accelerator import CPU, GPU, NONE, Accelerator
from edge_asr.runtime.compiled_model import CompiledGpuModel
from edge_asr.runtime.native_model import NativeModel
from edge_asr.runtime.op_count import OpCount
from edge_asr.runtime.quiet import captured_output
from edge_asr.runtime.tflite_model import TfliteModel

Kernels: TypeAlias = Literal["default", "builtin"]
"""`default`: XNNPACK where the package uses it. `builtin`: the portable kernels alone. They differ in the last bits."""


@dataclass(frozen=True)
class InterpreterDescription:
    """What really runs a model. Outputs are comparable bit for bit within one set of kernels and accelerator only."""

    package: str
    version: str
    kernels: Kernels
    """Of the CPU, for what the accelerator does not take."""
    threads: int
    """Of the CPU."""
    accelerator: str
    """`cpu`, `gpu`, `edgetpu`, or the path of an external delegate."""
    ops: OpCount
    """How many of the model's operations run where."""
    options: dict[str, str] = field(default_factory=dict)
    """Those that the accelerator was told."""
    fallback: str = ""
    """Why the CPU runs it although an accelerator was asked for; else empty."""

    @property
    def placement(self) -> str:
        """What runs where, in words."""
        ops = self.ops
        parts = {self.accelerator: ops.accelerator, "XNNPACK": ops.xnnpack}
        portable = ops.model - sum(parts.values())
        told = [f"{count} on {what}" for what, count in {**parts, "portable kernels": portable}.items() if count]
        return f"{self.accelerator}: of {ops.model} operations {', '.join(told)}"


class Interpreter:
    """A model, loaded and ready. Safe to share between threads: `invoke` and `step` take a lock."""

    inputs: tuple[TensorSpec, ...]
    """The inputs as the model file has them, in its order: first the features, behind them states."""
    outputs: tuple[TensorSpec, ...]
    """The outputs as the model file has them, in its order: first the logits, behind them the states for the next step."""
    description: InterpreterDescription
    """To be stated beside every measurement."""

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
        """Load `model`, the bytes of a `.tflite` file, to run on `accelerator`, or on `threads` threads of the CPU.

        `fallback`: why this runs instead of another accelerator, for the description (`accelerator.fallback` is for those who
        choose the model, see `load_model`). `input_shape`: of the first input, where it is not the file's own (other people's
        models leave it open); not on the GPU.
        Raises `InterpreterError` when no interpreter is installed or it refuses the model, and `DelegateError` when the
        accelerator is not there or can't run the model.
        """
        if threads < 1 or kernels not in ("default", "builtin"):
            raise InterpreterError(
                f"expected at least 1 thread and kernels 'default' or 'builtin', found {threads} and {kernels!r}"
            )
        self._model: NativeModel
        if accelerator.delegate == GPU:
            self._model = CompiledGpuModel(model, accelerator)
        else:
            builtin = kernels == "builtin"
            self._model = TfliteModel(model, threads=threads, builtin=builtin, accelerator=accelerator, input_shape=input_shape)
        self.inputs, self.outputs = self._model.inputs, self._model.outputs
        self.description = InterpreterDescription(
            package=self._model.package,
            version=version(self._model.package),
            kernels=kernels,
            threads=threads,
            accelerator=accelerator.name,
            ops=self._model.ops,
            options=accelerator.options,
            fallback=fallback,
        )
        self._lock = threading.Lock()
        if accelerator.delegate != NONE:  # some fail, and the GPU compiles, when they first run: not in the middle of a sound
            with captured_output():
                self._run([np.zeros(spec.shape, spec.dtype) for spec in self.inputs])

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
        Raises `InterpreterError` when number, shape or dtype are not the inputs', or the interpreter fails; `DelegateError`
        when an accelerator is in it.
        """
        if len(states) != len(self.inputs) - 1:
            raise InterpreterError(f"expected {len(self.inputs) - 1} states, as the model has, found {len(states)}")
        output, *following = self._run((values, *states))
        return output, following

    def _run(self, values: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        with self._lock:
            return self._model.run(values)
