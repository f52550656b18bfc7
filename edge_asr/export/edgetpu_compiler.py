"""Run Coral's `edgetpu_compiler` on a model, and hold what it did against the pre-flight."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from edge_asr.errors import ExportError
from edge_asr.export.compiler_input import for_compiler
from edge_asr.export.edgetpu import Preflight, preflight
from edge_asr.export.edgetpu_log import CompilerLog, parse_log
from edge_asr.export.tflite_model import TfliteModel, read_model

CUSTOM_OPERATOR = "edgetpu-custom-op"
"""What the compiler makes of the operators that it maps."""
_LAST_LINES = 4


@dataclass(frozen=True)
class Compiled:
    """What came of a compilation."""

    model: bytes
    """The compiled `.tflite` file."""
    log: CompilerLog
    predicted: Preflight
    """Of what the compiler was given."""

    @property
    def mapped(self) -> bool:
        """Whether anything of it runs on the Edge TPU."""
        return any(operator.name == CUSTOM_OPERATOR for operator in read_model(self.model).operators)


@dataclass(frozen=True)
class Difference:
    """An operator of which the compiler did not map as many as expected. Counts are of those mapped and those not."""

    operator: str
    predicted: tuple[int, int]
    compiled: tuple[int, int]
    statuses: tuple[str, ...]
    """What the compiler says of it."""


def compile_model(model: bytes, compiler: str, *, time_limit_s: float = 300.0) -> Compiled:
    """Compile a `.tflite` file. `compiler`: the program's path or name.

    Raises `ExportError` when it can't be started, fails, does not end in time (it is ended then), or leaves no model, or one
    with other inputs and outputs.
    """
    given = for_compiler(model)
    with tempfile.TemporaryDirectory(prefix="edgetpu-") as name:
        folder = Path(name)
        (folder / "model.tflite").write_bytes(given)
        printed = _run([compiler, "-s", "-o", str(folder), "model.tflite"], folder, time_limit_s)
        compiled, log = folder / "model_edgetpu.tflite", folder / "model_edgetpu.log"
        if not compiled.is_file():
            raise ExportError(f"the Edge TPU compiler left no model: {_last(printed)}")
        result = Compiled(
            compiled.read_bytes(), parse_log(log.read_text(errors="replace") if log.is_file() else "", printed), preflight(given)
        )
    if _ends(read_model(result.model)) != _ends(read_model(model)):
        raise ExportError("the Edge TPU compiler made a model with other inputs or outputs than it was given: don't use it")
    return result


def differences(compiled: Compiled) -> tuple[Difference, ...]:
    """Where prediction and compiler differ, by operator."""
    predicted, found = compiled.predicted.counts, compiled.log.counts
    names = [name for name in sorted({*predicted, *found}) if predicted.get(name) != found.get(name)]
    said = {name: tuple(row.status for row in compiled.log.rows if row.operator == name) for name in names}
    return tuple(Difference(name, predicted.get(name, (0, 0)), found.get(name, (0, 0)), said[name]) for name in names)


def _run(command: list[str], folder: Path, time_limit_s: float) -> str:
    """What the compiler printed. It works in a child of its own, so that the whole group is ended."""
    with tempfile.TemporaryFile() as sink:
        try:
            process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as err:
            raise ExportError(f"the Edge TPU compiler can't be started: {err}") from err
        try:
            code = process.wait(time_limit_s)
        except subprocess.TimeoutExpired as err:
            raise ExportError(f"the Edge TPU compiler did not end within {time_limit_s:g} s: a smaller network may help") from err
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        sink.seek(0)
        printed = sink.read().decode(errors="replace")
    if code:
        raise ExportError(f"the Edge TPU compiler failed (exit code {code}): {_last(printed)}")
    return printed


def _last(printed: str) -> str:
    """Its last lines on one."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    return " | ".join(lines[-_LAST_LINES:]) or "it printed nothing"


def _ends(model: TfliteModel) -> list[tuple[str, list[float], list[int]]]:
    """What a runtime must know of the inputs and outputs."""
    tensors = (*model.inputs, *model.outputs)
    return [(tensor.described, tensor.scales.tolist(), tensor.zero_points.tolist()) for tensor in tensors]
