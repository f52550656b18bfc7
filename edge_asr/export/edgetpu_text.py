"""Pre-flights and compilations for the Edge TPU as text for people."""

from __future__ import annotations

from edge_asr.export.edgetpu import Preflight


def preflight_text(report: Preflight) -> str:
    """A table of the operators, then what follows from it."""
    rows = [("", "operator", "output", "runs on"), *_rows(report)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    table = ["  ".join((row[0].rjust(widths[0]), row[1].ljust(widths[1]), row[2].ljust(widths[2]), row[3])) for row in rows]
    return "\n".join([*table, "", *_summary(report)])


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
