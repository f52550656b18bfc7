"""Running jobs in several processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol, TypeVar

from edge_asr.errors import DataError

JobT = TypeVar("JobT")
AnyJob = TypeVar("AnyJob", contravariant=True)


class Maker(Protocol[AnyJob]):
    """Does jobs, and leaves what they make where each job says. Pickled once for each process."""

    def run(self, job: AnyJob, /) -> None:
        """Do one job."""


_maker: Maker[Any] | None = None


def run_jobs(maker: Maker[JobT], jobs: Sequence[JobT], workers: int) -> Generator[JobT, None, None]:
    """Run every job, in this process when `workers` is at most 1, and yield each when it is done.

    Closing the iterator or an exception (Ctrl-C) stops after the jobs that are running; what they wrote stays. Processes are
    spawned, so a script that calls this needs the usual `if __name__ == "__main__":`. Raises `DataError` when one dies.
    """
    if workers <= 1 or len(jobs) <= 1:
        for job in jobs:
            maker.run(job)
            yield job
        return
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(min(workers, len(jobs)), context, initializer=_start, initargs=(maker,))
    try:
        futures = {executor.submit(_run, job): job for job in jobs}
        for future in as_completed(futures):
            future.result()
            yield futures[future]
    except BrokenProcessPool as err:
        raise DataError("a worker process died (most likely out of memory); try fewer workers") from err
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _start(maker: Maker[Any]) -> None:
    global _maker
    _maker = maker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which stops handing out jobs
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(job: Any) -> None:
    assert _maker is not None
    _maker.run(job)
