"""Native libraries that write to the process's stderr, or even its stdout, when nobody asked."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import IO

STDOUT, STDERR = 1, 2


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep what native code writes to stderr inside the block off it (every thread's: keep the block short)."""
    with open(os.devnull, "wb") as null, _descriptor_to(STDERR, null):  # noqa: PTH123 - the descriptor is what counts
        yield


@contextlib.contextmanager
def captured_output() -> Iterator[Callable[[], str]]:
    """The same of stdout and stderr, for those who may want to know: a call gives what was written so far."""
    with tempfile.TemporaryFile() as file, _descriptor_to(STDOUT, file), _descriptor_to(STDERR, file):

        def said() -> str:
            file.seek(0)
            return file.read().decode(errors="replace")

        yield said


@contextlib.contextmanager
def _descriptor_to(descriptor: int, file: IO[bytes]) -> Iterator[None]:
    try:
        (sys.stderr if descriptor == STDERR else sys.stdout).flush()
        saved = os.dup(descriptor)
    except (OSError, AttributeError, ValueError):  # there is none, and nothing to keep quiet
        yield
        return
    os.dup2(file.fileno(), descriptor)
    try:
        yield
    finally:
        os.dup2(saved, descriptor)
        os.close(saved)
