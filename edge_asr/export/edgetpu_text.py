"""Pre-flights and compilations for the Edge TPU as text for people."""

from __future__ import annotations

from edge_asr.export.edgetpu import Preflight
from edge_asr.export.edgetpu_compiler import Compiled, Difference, differences
from edge_asr.export.edgetpu_log import MAPPED

NO_COMPILER = (
    "edgetpu_compiler is not installed here: nothing is compiled. Coral's package source for x86-64 Debian has it: "
    "coral.ai/docs/edgetpu/compiler"
)


def preflight_text(report: Preflight) -> str:
    """A table of the operators, then what follows from it."""
    rows = [("", "operator", "output", "runs on"), *_rows(report)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    table = ["  ".join((row[0].rjust(widths[0]), row[1].ljust(widths[1]), row[2].ljust(widths[2]), row[3])) for row in rows]
    return "\n".join([*table, "", *_summary(report)])


def compiled_text(compiled: Compiled) -> str:
    """What the compiler did, where it did other than predicted, and its use of memory."""
    log = compiled.log
    mapped, stay = (sum(counts[side] for counts in log.counts.values()) for side in (0, 1))
    lines = [f"Edge TPU compiler {log.version}: {mapped} operators mapped, {stay} on the CPU."]
    lines += [f"  {row.operator}, {row.count}: {row.status}" for row in log.rows if row.status != MAPPED]
    if log.cached_bytes is not None:
        lines.append(
            f"Parameters on the chip: {log.cached_bytes:,} bytes; crossing the bus at every run: {log.streamed_bytes or 0:,}."
        )
    found = differences(compiled)
    lines.append("As predicted." if not found else "The compiler did other than predicted:")
    return "\n".join([*lines, *map(_difference, found)])


def _difference(one: Difference) -> str:
    (expected, _), (mapped, stay) = one.predicted, one.compiled
    return f"  {one.operator}: {expected} of {sum(one.predicted)} expected to be mapped, {mapped} of {mapped + stay} are"


def _rows(report: Preflight) -> list[tuple[str, str, str, str]]:
    return [
        (str(fate.number), fate.operator, fate.output, "Edge TPU" if fate.mapped else f"CPU: {fate.reason}")
        for fate in report.operators
    ]


def _summary(report: Preflight) -> list[str]:
    lines = [_mapped(report), _memory(report)]
    if report.runtime:
        lines.append(f"It needs the Edge TPU runtime {report.runtime} or newer.")
    changes: dict[str, dict[str, None]] = {}
    for fate in report.on_cpu:
        if fate.change:
            changes.setdefault(fate.change, {})[fate.operator] = None
    return [*lines, *(f"{', '.join(operators)}: {change}." for change, operators in changes.items())]


def _mapped(report: Preflight) -> str:
    total = len(report.operators)
    if report.whole:
        return f"All {total} operators map to the Edge TPU."
    end = report.on_cpu[0]
    if not end.number:
        return f"Nothing maps to the Edge TPU: operator 0, {end.operator}, can't, and all {total} run on the CPU."
    return (
        f"{end.number} of {total} operators map to the Edge TPU: the partition ends before operator {end.number}, "
        f"{end.operator}, and the {total - end.number} from there on run on the CPU."
    )


def _memory(report: Preflight) -> str:
    said = f"{report.parameter_bytes:,} bytes of parameters"
    if report.streamed_bytes:
        return f"{said}: about {report.streamed_bytes:,} more than the chip's 8 MB hold, which cross the bus at every run."
    return f"{said}, which fit the chip's cache of about 8 MB."
