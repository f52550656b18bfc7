"""A model on the GPU, through LiteRT's CompiledModel (WebGPU: Vulkan on Linux).

The GPU computes an int8 model in floating point, so its outputs differ from the CPU's in the last bits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import ConfigError, DelegateError, InterpreterError
from edge_asr.runtime.accelerator import Accelerator
from edge_asr.runtime.native_model import tensor_spec
from edge_asr.runtime.op_count import OpCount
from edge_asr.runtime.quiet import captured_output

ADVICE = (
    "it needs ai-edge-litert 2.1.6 or later and a Vulkan driver (Debian: libvulkan1 and mesa-vulkan-drivers 25 or later), "
    "and takes the window form of a bundle; see docs/accelerators.md"
)
DEFAULTS = {"enforce_f32": "true"}
"""Half precision, LiteRT's own default, moves logits by several steps of int8."""


class CompiledGpuModel:
    """See `NativeModel`. The whole model runs on the GPU, or it is refused."""

    package = "ai-edge-litert"

    def __init__(self, model: bytes, accelerator: Accelerator) -> None:
        """Load it. Raises `ConfigError` for its options, and `DelegateError` when LiteRT finds no GPU or it refuses the model."""
        try:
            from ai_edge_litert import compiled_model, hardware_accelerator, interpreter, options
        except ImportError as err:
            raise DelegateError(f"gpu: expected LiteRT's CompiledModel, found none ({err}): {ADVICE}") from err
        described = interpreter.Interpreter(model_content=model)
        inputs, outputs = described.get_input_details(), described.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            # CompiledModel finds tensors by name, and a bundle's files have no names.
            raise DelegateError(
                f"gpu: expected a model of one input and one output, found {len(inputs)} and {len(outputs)}: "
                "take the window form (--form window)"
            )
        self.inputs, self.outputs = tuple(map(tensor_spec, inputs)), tuple(map(tensor_spec, outputs))
        self._model = model  # which CompiledModel reads, and does not keep
        gpu = _gpu_options(options.GpuOptions, accelerator)
        wanted = options.Options(hardware_accelerator.HardwareAccelerator.GPU, gpu_options=gpu)
        with captured_output() as said:
            try:
                self._native = compiled_model.CompiledModel.from_buffer(model, options=wanted)
                self._buffers = self._native.create_input_buffers(0), self._native.create_output_buffers(0)
                whole = self._native.is_fully_accelerated()
            except Exception as err:  # foreign code
                raise DelegateError(f"gpu: LiteRT refuses it: {_reason(said(), err)}; {ADVICE}") from err
        if not whole:
            raise DelegateError(f"gpu: expected that it runs the whole model, found that it runs a part of it; {ADVICE}")
        count = len(described._get_ops_details())
        self.ops = OpCount(count, accelerator=count)

    def run(self, values: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """See `NativeModel`."""
        (source, target), (given, made) = self.inputs + self.outputs, self._buffers
        (value,) = values
        if value.shape != source.shape or value.dtype != source.dtype:
            raise InterpreterError(
                f"gpu: could not run the model: expected {source.shape} {source.dtype}, found {value.shape} {value.dtype}"
            )
        try:
            given[0].write(np.ascontiguousarray(value))
            self._native.run_by_index(0, given, made)
            output = made[0].read(int(np.prod(target.shape)), np.dtype(target.dtype))
        except (ValueError, RuntimeError) as err:
            raise DelegateError(f"gpu: LiteRT could not run the model: {err}") from err
        return [np.array(output).reshape(target.shape)]


def _gpu_options(cls: Any, accelerator: Accelerator) -> Any:
    """LiteRT's GpuOptions, which are all true or false."""
    allowed = [field.name for field in dataclasses.fields(cls)]
    values = {}
    for key, text in {**DEFAULTS, **accelerator.options}.items():
        if key not in allowed or text not in ("true", "false"):
            raise ConfigError(f"gpu: expected true or false for one of the options {', '.join(allowed)}, found {key}={text}")
        values[key] = text == "true"
    return cls(**values)


def _reason(said: str, err: Exception) -> str:
    """What LiteRT wrote of the failure, which is more than what it raises."""
    errors = [line for line in said.splitlines() if line.startswith("ERROR:") or line.endswith(" is not supported.")]
    return " ".join(errors) or str(err) or type(err).__name__
