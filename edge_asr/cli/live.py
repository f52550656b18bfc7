"""The line at the bottom of a terminal: level meter and the likeliest labels, written over itself."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

from edge_asr.runtime.stream import Stream

METER_CELLS = 20
METER_FLOOR = -60.0
"""dBFS at the meter's left end."""
SECONDS_BETWEEN = 0.1


class LiveLine:
    """A live view of a stream on a terminal."""

    def __init__(self, terminal: TextIO, labels: tuple[str, ...]) -> None:
        """Write to `terminal`, which must be one."""
        self._terminal, self._labels = terminal, labels
        self._due, self._shown = 0.0, False

    def show(self, stream: Stream) -> None:
        """Draw the line anew, if it is time for that."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + SECONDS_BETWEEN
        width = shutil.get_terminal_size().columns - 1
        line = live_line(stream.level, dict(zip(self._labels, stream.posterior, strict=True)))
        self._terminal.write("\r\x1b[K" + line[:width])
        self._terminal.flush()
        self._shown = True

    def clear(self) -> None:
        """Take the line away, so that another can be written."""
        if self._shown:
            self._terminal.write("\r\x1b[K")
            self._terminal.flush()
            self._shown = False


def live_line(level: float, posterior: dict[str, float]) -> str:
    """`level` in dBFS as a meter, and the three likeliest labels."""
    filled = round(METER_CELLS * min(1.0, max(0.0, 1.0 - level / METER_FLOOR)))
    likeliest = sorted(posterior.items(), key=lambda item: -item[1])[:3]
    scores = "  ".join(f"{label} {score:.2f}" for label, score in likeliest)
    return f"[{'#' * filled:{METER_CELLS}}] {level:6.1f} dBFS  {scores}"
