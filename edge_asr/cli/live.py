"""The line at the bottom of a terminal: a level meter, and what goes with it."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

METER_CELLS = 20
METER_FLOOR = -60.0
"""dBFS at the meter's left end."""
SECONDS_BETWEEN = 0.1


class LiveLine:
    """A line on a terminal that is written over itself."""

    def __init__(self, terminal: TextIO) -> None:
        """Write to `terminal`, which must be one."""
        self._terminal = terminal
        self._due, self._shown = 0.0, False

    def show(self, line: str, *, keep_end: bool = False) -> None:
        """Draw `line` in place of the last one, if it is time for that: as much of its beginning, or its end, as fits."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + SECONDS_BETWEEN
        width = shutil.get_terminal_size().columns - 1
        self._terminal.write("\r\x1b[K" + (line[-width:] if keep_end else line[:width]))
        self._terminal.flush()
        self._shown = True

    def clear(self) -> None:
        """Take the line away, so that another can be written."""
        if self._shown:
            self._terminal.write("\r\x1b[K")
            self._terminal.flush()
            self._shown = False


def level_meter(level: float) -> str:
    """`level` in dBFS as a meter."""
    filled = round(METER_CELLS * min(1.0, max(0.0, 1.0 - level / METER_FLOOR)))
    return f"[{'#' * filled:{METER_CELLS}}] {level:6.1f} dBFS"


def live_line(level: float, posterior: dict[str, float]) -> str:
    """`level` in dBFS as a meter, and the three likeliest labels."""
    likeliest = sorted(posterior.items(), key=lambda item: -item[1])[:3]
    return "  ".join([level_meter(level), *(f"{label} {score:.2f}" for label, score in likeliest)])
