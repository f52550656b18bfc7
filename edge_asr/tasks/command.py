"""What every command of the workstation has in common."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

from invoke import task

from edge_asr.errors import EdgeAsrError

GO_ON = "What is done is kept; `invoke train --resume` goes on with a training run."


def command(*, stopped: str = GO_ON, **options: Any) -> Callable[[Callable[..., None]], Any]:
    """An invoke task whose errors are one line and exit code 2, and that Ctrl-C ends in order, saying what it `stopped`."""

    def decorate(function: Callable[..., None]) -> Any:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> None:
            try:
                function(*args, **kwargs)
            except EdgeAsrError as err:
                print(f"invoke {function.__name__}: error: {err}", file=sys.stderr)
                sys.exit(2)
            except KeyboardInterrupt:
                print(f"\nStopped. {stopped}", file=sys.stderr)
                sys.exit(130)

        return task(**options)(run)

    return decorate


def number(text: str, option: str) -> float:
    """What was given for an option, 0 or more. Raises `EdgeAsrError`."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise EdgeAsrError(f"{option}: expected a number of 0 or more, found {text!r:.40}")
    return value
