"""Ctrl-C and SIGTERM as a wish to end: what is under way is finished first."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any


class StopSignals:
    """While it is entered, the first SIGINT or SIGTERM is only noted; a second one acts as it did before."""

    received: signal.Signals | None = None

    def __enter__(self) -> StopSignals:
        """Start to listen for signals (in the main thread, as Python wants it)."""
        self._previous: dict[signal.Signals, Any] = {
            number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Restore what was."""
        self._restore()

    def __call__(self) -> bool:
        """Whether one has come."""
        return self.received is not None

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(number)
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
