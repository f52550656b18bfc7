"""A model in TFLite's interpreter, LiteRT's where that is installed, else tflite-runtime's, with or without a delegate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from edge_asr.errors import DelegateError, InterpreterError
from edge_asr.runtime.accelerator import CPU, NONE, Accelerator
from edge_asr.runtime.delegates import load_delegate
from edge_asr.runtime.native_model import tensor_spec
from edge_asr.runtime.op_count import count_ops
from edge_asr.runtime.quiet import quiet_stderr


class TfliteModel:
    """See `NativeModel`."""

    def __init__(
        self,
        model: bytes,
        *,
        threads: int,
        builtin: bool,
        accelerator: Accelerator = CPU,
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        """Load it. `builtin`: with the portable kernels alone.

        Raises `InterpreterError` when no interpreter is installed or it refuses the model, and `DelegateError` when the
        delegate can't be loaded, refuses the model or takes no part of it.
        """
        self.package, module = import_interpreter()
        delegates = [] if accelerator.delegate == NONE else [load_delegate(module, accelerator)]
        self._error = DelegateError if delegates else InterpreterError
        self._who = f"{accelerator.name} in {self.package}" if delegates else self.package
        resolvers = module.OpResolverType
        try:
            with quiet_stderr():  # the native library announces each delegate that it makes
                self._native = module.Interpreter(
                    model_content=model,
                    num_threads=threads,
                    experimental_op_resolver_type=resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES if builtin else resolvers.AUTO,
                    experimental_delegates=delegates,
                )
                # The interpreter hands what is left to XNNPACK when it allocates, and calls both parts DELEGATE.
                with_accelerator = self._native._get_ops_details()
                if input_shape is not None:
                    self._native.resize_tensor_input(self._native.get_input_details()[0]["index"], input_shape)
                self._native.allocate_tensors()
            inputs, outputs = self._native.get_input_details(), self._native.get_output_details()
        except Exception as err:  # foreign code: ValueError, RuntimeError, SystemError, ... by package and version
            raise self._error(f"{self._who} refuses the model: {str(err) or type(err).__name__}") from err
        self.ops = count_ops(with_accelerator, self._native._get_ops_details())
        if delegates and not self.ops.accelerator:
            raise DelegateError(
                f"{accelerator.name}: expected a delegate that runs the model, found that it takes none of its {self.ops.model} "
                "operations; take another form of the model (--form) or leave the delegate out"
            )
        self.inputs, self.outputs = tuple(map(tensor_spec, inputs)), tuple(map(tensor_spec, outputs))
        self._input_indexes = [tensor["index"] for tensor in inputs]
        self._output_indexes = [tensor["index"] for tensor in outputs]

    def run(self, values: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """See `NativeModel`."""
        native = self._native
        try:
            for index, value in zip(self._input_indexes, values):
                native.set_tensor(index, value)
            native.invoke()
            return [native.get_tensor(index) for index in self._output_indexes]
        except (ValueError, RuntimeError) as err:
            raise self._error(f"{self._who} could not run the model: {err}") from err


def import_interpreter() -> tuple[str, Any]:
    """The package that is there, by its name, and its module. Raises `InterpreterError` when none is."""
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
