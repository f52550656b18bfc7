"""What makes models for accelerators."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from invoke import Context

from edge_asr.tasks.command import command


@command(
    help={
        "bundle": "folder of a bundle, whose window form is looked at, or a .tflite file",
        "compiler": "the compiler's program, where it is not on the path",
        "time_limit": "seconds that it may take",
        "json": "file for machines",
    }
)
def edgetpu(_: Context, bundle: str, compiler: str = "edgetpu_compiler", time_limit: float = 300.0, json: str = "") -> None:
    """Say what maps to the Coral Edge TPU and why the rest does not; compile where the compiler is. Exit code 1: not all maps."""
    from edge_asr.export.edgetpu import preflight
    from edge_asr.export.edgetpu_compiler import compile_model
    from edge_asr.export.edgetpu_files import keep_compiled, read_window
    from edge_asr.export.edgetpu_json import write_json
    from edge_asr.export.edgetpu_text import NO_COMPILER, compiled_text, preflight_text

    model, program = read_window(Path(bundle)), shutil.which(compiler)
    report = preflight(model)
    print(preflight_text(report), end="\n\n")
    compiled = compile_model(model, program, time_limit_s=time_limit) if program else None
    print(compiled_text(compiled) if compiled else NO_COMPILER)
    if compiled and compiled.mapped:
        print(f"Compiled: {keep_compiled(Path(bundle), compiled.model)}")
    if json:
        write_json(Path(json), report, compiled)
    sys.exit(0 if report.whole and (compiled is None or compiled.log.whole) else 1)
