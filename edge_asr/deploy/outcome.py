"""What came of a deployment to one board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Tell: TypeAlias = Callable[[str, str], None]
"""`tell(step, text)`: what a step is going to do, then what it found. Raising `KeyboardInterrupt` from it stops in order."""

STOPPED = "stopped"
"""The problem of an outcome that nothing was wrong with but a `KeyboardInterrupt`."""


def tell_nobody(step: str, text: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Outcome:
    """What came of it, and in what state the board is."""

    host: str
    release: str = ""
    """Id of the release that was to run there; empty when it did not come that far."""
    running: str | None = None
    """Id of the release that runs there now; empty: none, None: not known."""
    failed_step: str = ""
    """The step that failed or was stopped; empty: none."""
    problem: str = ""
    """What went wrong there, with each check that failed."""
    rolled_back: bool = False
    """The release had been switched to, and the board went back to the one before."""

    @property
    def ok(self) -> bool:
        """Whether every step succeeded."""
        return not self.failed_step
