"""A profile as a table, beside the target's budgets and the last profile of the same bundle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_asr.deploy.profile import Measurement, Profile
from edge_asr.runtime.board import Budgets


@dataclass(frozen=True)
class _Column:
    title: str
    field: str
    unit: str
    budget: str = ""
    """Field of the budget, if it has one."""


_COLUMNS = (
    _Column("CPU of a core", "cpu_percent", "%", "cpu_percent"),
    _Column("step p50", "step_p50_ms", "ms"),
    _Column("step p95", "step_p95_ms", "ms", "step_p95_ms"),
    _Column("resident", "resident_mb", "MB", "resident_mb"),
    _Column("start", "start_s", "s"),
)


def profile_text(profile: Profile, budgets: Budgets, last: Profile | None) -> str:
    """One row a measurement with the change since `last`, then the budgets, then which of them are exceeded."""
    before = {} if last is None else {measured.key: measured for measured in last.measurements}
    rows = [("form", "on", *(column.title for column in _COLUMNS))]
    rows += [_row(measured, before.get(measured.key)) for measured in profile.measurements if not measured.failed]
    rows.append(("budget", "", *(_budget(column, budgets) for column in _COLUMNS)))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines = [_heading(profile), *table, *_failures(profile), *_excesses(profile, budgets)]
    lines.append("no earlier profile of this bundle" if last is None else f"in brackets: against {last.date}")
    return "\n".join(lines)


def _heading(profile: Profile) -> str:
    release = f"release {profile.release}, " if profile.release else ""
    system = f"{profile.machine}, Python {profile.python}, glibc {profile.glibc}"
    packages = sorted({measured.interpreter for measured in profile.measurements if measured.interpreter})
    return f"{profile.bundle}: {release}edge-asr {', '.join([profile.edge_asr, *packages])}; {system}; {profile.date}"


def _row(measured: Measurement, before: Measurement | None) -> tuple[str, ...]:
    cells = []
    for column in _COLUMNS:
        value, old = getattr(measured, column.field), getattr(before, column.field, 0.0)
        change = f" ({100 * (value / old - 1):+.0f} %)" if old else ""
        cells.append(f"{value:.3g} {column.unit}{change}" if value else "not told")
    return measured.form, measured.ran, *cells


def _budget(column: _Column, budgets: Budgets) -> str:
    value = getattr(budgets, column.budget) if column.budget else 0.0
    return f"{value:g} {column.unit}" if value else "-"


def _failures(profile: Profile) -> Iterator[str]:
    for measured in profile.measurements:
        if measured.failed:
            yield f"failed: {measured.form} on {measured.asked}: {measured.failed}"


def _excesses(profile: Profile, budgets: Budgets) -> Iterator[str]:
    for measured in profile.measurements:
        for column in _COLUMNS:
            value, budget = getattr(measured, column.field), getattr(budgets, column.budget) if column.budget else 0.0
            if budget and value > budget:
                yield f"over budget: {measured.form} on {measured.ran}: {value:.3g} {column.unit}, budget {budget:g}"
