"""Progress bars on a terminal for the workstation's tasks (rich)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from edge_asr.progress import Progress


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """A `Progress` that draws one bar for each thing that is done, with its share and the time left.

    Where standard error is no terminal, each thing is one line when it begins and one when it is done.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    done_already: set[str] = set()
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:

        def progress(what: str, done: int, total: int) -> None:
            # "epoch 3: loss 0.4" moves the bar of "epoch": what comes before the first digit or colon names the bar.
            name = what.split(":")[0].rstrip(" 0123456789")
            if not console.is_terminal:
                if name not in tasks:
                    tasks[name] = TaskID(0)
                    console.print(f"{what} ...", highlight=False)
                if total and done >= total and name not in done_already:
                    done_already.add(name)
                    console.print(f"{what}: {done} of {total}", highlight=False)
                return
            if name not in tasks:
                tasks[name] = bars.add_task(what, total=total or None)
            bars.update(tasks[name], description=what, completed=done, total=total or None)

        yield progress
