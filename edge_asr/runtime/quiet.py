"""Native libraries that write to the process's stderr when nobody asked."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep what native code writes to stderr inside the block off it (every thread's: keep the block short)."""
    try:
        sys.stderr.flush()
        saved = os.dup(2)
    except (OSError, AttributeError, ValueError):  # no stderr, nothing to keep quiet
        yield
        return
    with open(os.devnull, "wb") as null:  # noqa: PTH123 - the descriptor is what counts
        os.dup2(null.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
