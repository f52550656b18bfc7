"""A stand-in for `edgetpu_compiler`, which no registry has: it replays what the real one wrote, in its formats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_asr.export.compiler_input import for_compiler
from edge_asr.export.edgetpu import preflight
from edge_asr.export.edgetpu_log import MAPPED
from tests.export.graphs import compiled

Row = tuple[str, int, str]

LOG = """Edge TPU Compiler version 16.0.384591198
Input: model.tflite
Output: model_edgetpu.tflite

{table}
"""
PRINTED = """Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.

Model compiled successfully in 1942 ms.

Input model: model.tflite
Input size: 54.22KiB
Output model: {folder}/model_edgetpu.tflite
Output size: 132.55KiB
On-chip memory used for caching model parameters: 60.25KiB
On-chip memory remaining for caching model parameters: 7.81MiB
Off-chip memory used for streaming uncached model parameters: 0.00B
Number of Edge TPU subgraphs: 1
Total number of operations: {total}
Operation log: {folder}/model_edgetpu.log

{table}
Compilation child process completed within timeout period.
Compilation succeeded! 
"""  # noqa: W291 - as it is printed


def table(rows: Sequence[Row]) -> str:
    head = f"{'Operator':<31}{'Count':<11}Status\n\n"
    return head + "".join(f"{name:<31}{count:<11}{status}\n" for name, count, status in rows)


def as_predicted(model: bytes) -> list[Row]:
    """The rows of a compiler that does what the pre-flight says."""
    counts = preflight(for_compiler(model)).counts.items()
    rows = [(name, mapped, MAPPED) for name, (mapped, _) in counts if mapped]
    return rows + [(name, stay, "More than one subgraph is not supported") for name, (_, stay) in counts if stay]


def compiler(folder: Path, model: bytes, rows: Sequence[Row], *, printed: str = PRINTED, log: str = LOG) -> Path:
    """A program that takes the arguments of the real one, looks at what it is given, and leaves a compiled model and a log."""
    body = printed.format(folder=folder, table=table(rows), total=sum(row[1] for row in rows))
    (folder / "compiled").write_bytes(compiled(for_compiler(model), mapped=any(status == MAPPED for *_, status in rows)))
    (folder / "given").write_bytes(for_compiler(model))
    (folder / "log").write_text(log.format(table=table(rows)))
    (folder / "printed").write_text(body)
    return script(
        folder,
        f"""[ "$1 $2 $4 $#" = "-s -o model.tflite 4" ] || {{ echo "usage: $*"; exit 64; }}
cmp model.tflite '{folder}/given' || exit 65
cat '{folder}/printed'
cp '{folder}/compiled' "$3/model_edgetpu.tflite"
cp '{folder}/log' "$3/model_edgetpu.log\"""",
    )


def script(folder: Path, text: str) -> Path:
    """Another program that takes its place."""
    path = folder / "edgetpu_compiler"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path
