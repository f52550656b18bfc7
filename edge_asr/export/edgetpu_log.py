"""The log of `edgetpu_compiler`: how many of each operator it mapped, and in its own words why not the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from edge_asr.errors import ExportError

MAPPED = "Mapped to Edge TPU"
_VERSION = re.compile(r"Edge TPU Compiler version (\S+)")
_HEADER = re.compile(r"^Operator[ \t]+Count[ \t]+Status[ \t]*$", re.MULTILINE)
_ROW = re.compile(r"^([\w-]+)[ \t]+(\d{1,9})[ \t]+(\S.*?)[ \t]*$", re.MULTILINE)
_SIZE = re.compile(r"^(On|Off)-chip memory used for .*: (\d+(?:\.\d+)?) ?(|Ki|Mi|Gi)B\s*$", re.MULTILINE)
_UNITS = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


@dataclass(frozen=True)
class LogRow:
    """So many of an operator, with what became of them."""

    operator: str
    count: int
    status: str
    """In the compiler's words; `MAPPED`, or why it stays on the CPU."""


@dataclass(frozen=True)
class CompilerLog:
    """What the compiler says that it did."""

    version: str
    rows: tuple[LogRow, ...]
    cached_bytes: int | None
    """Parameters on the chip; None where it does not say."""
    streamed_bytes: int | None
    """Parameters that cross the bus at every run; likewise."""

    @property
    def whole(self) -> bool:
        """Whether every operator is mapped."""
        return all(row.status == MAPPED for row in self.rows)

    @property
    def counts(self) -> Mapping[str, tuple[int, int]]:
        """How many of each operator are mapped and are not, by name, sorted."""
        mapped, stay = Counter[str](), Counter[str]()
        for row in self.rows:
            (mapped if row.status == MAPPED else stay)[row.operator] += row.count
        return {name: (mapped[name], stay[name]) for name in sorted(mapped | stay)}


def parse_log(log: str, printed: str = "") -> CompilerLog:
    """Read the compiler's log, and what it printed: with `-s` the same table, and the use of memory.

    Raises `ExportError` where neither has a table.
    """
    tables = [_ROW.findall(text, header.end()) for text in (log, printed) if (header := _HEADER.search(text))]
    rows = next(filter(None, tables), None)
    if rows is None:
        raise ExportError("expected the compiler's table of operators, counts and statuses, found none: is it edgetpu_compiler?")
    version = _VERSION.search(log) or _VERSION.search(printed)
    sizes = {chip: round(float(number) * _UNITS[unit]) for chip, number, unit in _SIZE.findall(printed)}
    found = tuple(LogRow(name, int(count), status) for name, count, status in rows)
    return CompilerLog(version[1] if version else "unknown", found, sizes.get("On"), sizes.get("Off"))
