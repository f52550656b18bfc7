"""The same work on several boards at once: a thread each, one result each, and a Ctrl-C that each of them ends on in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeAlias, TypeVar

from edge_asr.deploy.outcome import Tell
from edge_asr.progress import Progress, no_progress

MOST_AT_ONCE = 16
"""Boards that are worked on at the same time; the others wait for their turn."""

T = TypeVar("T")
Work: TypeAlias = Callable[[str, Tell, Progress], T]
"""`work(host, tell, progress)`: what is done to one board, in its own thread. `tell` and `progress` raise `KeyboardInterrupt`."""
Say: TypeAlias = Callable[[str, str, str], None]
"""`say(host, step, text)`, from the threads of the boards, one at a time; host "" for all of them."""


def at_once(hosts: Sequence[str], work: Work[T], say: Say, progress: Progress = no_progress) -> tuple[T, ...]:
    """Do `work` for each of `hosts`, which are all different; answers in their order. `progress` gets the sum over the boards.

    `KeyboardInterrupt` in the calling thread comes to each board's work once, at its next `tell` or `progress`.
    """
    crew = _Crew(say, progress)
    with ThreadPoolExecutor(min(len(hosts), MOST_AT_ONCE) or 1) as pool:
        try:
            futures = [pool.submit(work, host, crew.tell(host), crew.progress(host)) for host in hosts]
            _wait_for(futures, crew)
        except KeyboardInterrupt:  # before all were at work
            crew.stop()
            raise
    return tuple(future.result() for future in futures)


class _Crew:
    """What the threads share."""

    def __init__(self, say: Say, progress: Progress) -> None:
        self._say, self._progress = say, progress
        self._one = threading.Lock()
        self._amounts: dict[tuple[str, str], tuple[int, int]] = {}
        self._stopping = False
        self._stopped: set[str] = set()

    def stop(self) -> None:
        """From now on each host's next `tell` or `progress` raises."""
        if not self._stopping:
            self._say("", "stop", "each board ends its step in hand, and goes back to what it ran if that is not what runs")
        self._stopping = True

    def tell(self, host: str) -> Tell:
        def tell(step: str, text: str) -> None:
            self._go_on(host)
            with self._one:
                self._say(host, step, text)

        return tell

    def progress(self, host: str) -> Progress:
        def progress(what: str, done: int, total: int) -> None:
            self._go_on(host)
            with self._one:
                self._amounts[what, host] = done, total
                amounts = [amount for (kind, _), amount in self._amounts.items() if kind == what]
                self._progress(what, sum(done for done, _ in amounts), sum(total for _, total in amounts))

        return progress

    def _go_on(self, host: str) -> None:
        if self._stopping and host not in self._stopped:
            self._stopped.add(host)
            raise KeyboardInterrupt


def _wait_for(futures: Sequence[Future[T]], crew: _Crew) -> None:
    """Until all are done; an interrupt is handed on to the threads."""
    while True:
        try:
            if not wait(futures, timeout=0.2).not_done:
                return
        except KeyboardInterrupt:
            crew.stop()
