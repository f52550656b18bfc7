"""How long work tells what it does, without printing: a callback that the command line turns into a progress bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""`progress(what, done, total)`: called often, cheap, from the calling thread; `total` is 0 where it is not known."""


def no_progress(what: str, done: int, total: int) -> None:
    """Ignore progress."""
