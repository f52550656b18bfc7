"""Native libraries that write to the process's stderr when nobody asked."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import IO


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep what native code writes to stderr inside the block off it (every thread's: keep the block short)."""
    with open(os.devnull, "wb") as null, _stderr_to(null):  # noqa: PTH123 - the descriptor is what counts
        yield


@contextlib.contextmanager
def captured_stderr() -> Iterator[Callable[[], str]]:
    """The same, but it can be asked for: a call gives what was written so far."""
    with tempfile.TemporaryFile() as file, _stderr_to(file):

        def said() -> str:
            file.seek(0)
            return file.read().decode(errors="replace")

        yield said


@contextlib.contextmanager
def _stderr_to(file: IO[bytes]) -> Iterator[None]:
    try:
        sys.stderr.flush()
        saved = os.dup(2)
    except (OSError, AttributeError, ValueError):  # no stderr, nothing to keep quiet
        yield
        return
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
