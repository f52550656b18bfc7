"""Progress on a terminal, or in a log, for the workstation's tasks."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edge_asr.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console

LOG_SECONDS = 10.0
"""Where standard error is no terminal, a long piece of work says a line this often."""


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """A `Progress` that draws a bar for each thing that is done, or, where standard error is no terminal, writes lines."""
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        with _bars(console) as progress:
            yield progress
    else:
        yield _log(console)


def title(what: str) -> str:
    """What names the bar: the words before the first digit or colon, so that "epoch 3 of 9: loss 0.4" moves that of "epoch"."""
    return re.split(r"[\d:]", what, maxsplit=1)[0].strip() or what


@contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    with Bars(*columns, console=console) as bars:

        def progress(what: str, done: int, total: int) -> None:
            name = title(what)
            if name not in tasks:
                tasks[name] = bars.add_task(what, total=total or None)
            bars.update(tasks[name], description=what, completed=done, total=total or None)

        yield progress


def _log(console: Console) -> Progress:
    said: dict[str, float] = {}
    finished: set[str] = set()

    def progress(what: str, done: int, total: int) -> None:
        name, now = title(what), time.monotonic()
        complete = 0 < total <= done
        if (complete and name not in finished) or now - said.get(name, -LOG_SECONDS) >= LOG_SECONDS:
            said[name] = now
            if complete:
                finished.add(name)
            console.print(f"{what} ({done} of {total})" if total else what, highlight=False, soft_wrap=True)

    return progress
