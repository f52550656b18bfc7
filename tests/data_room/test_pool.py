"""What happens to the jobs of a pool when its caller stops."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge_asr.data import pool
from edge_asr.data.pool import run_jobs

WORKERS = 2
JOBS = 12


@dataclass(frozen=True)
class Gate:
    """Lets job 0 pass; the others wait for the file `open`."""

    folder: Path

    def run(self, job: int, /) -> None:
        (self.folder / f"{job}.begun").touch()
        while job and not (self.folder / "open").exists():
            time.sleep(0.01)
        (self.folder / f"{job}.ended").touch()


def jobs_with(suffix: str, folder: Path) -> set[int]:
    return {int(path.stem) for path in folder.glob(f"*.{suffix}")}


def test_closing_ends_what_runs_and_begins_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    futures: list[Future[Any]] = []

    class Watched(ProcessPoolExecutor):
        def submit(self, run: Any, /, *args: Any, **named: Any) -> Future[Any]:
            futures.append(super().submit(run, *args, **named))
            return futures[-1]

    monkeypatch.setattr(pool, "ProcessPoolExecutor", Watched)
    finished = run_jobs(Gate(tmp_path), range(JOBS), WORKERS)
    assert next(finished) == 0
    # Nothing else can end before the gate opens, and that is when the jobs in the queue have been taken back.
    futures[-1].add_done_callback(lambda _: (tmp_path / "open").touch())
    never_taken_back = threading.Timer(60, (tmp_path / "open").touch)
    never_taken_back.start()
    finished.close()
    never_taken_back.cancel()
    never_taken_back.join()
    assert jobs_with("begun", tmp_path) == jobs_with("ended", tmp_path)
    # Besides job 0: one in the hands of each process and, by concurrent.futures, one more than processes on their way to them.
    assert jobs_with("ended", tmp_path) <= set(range(1 + WORKERS + WORKERS + 1))


def test_in_this_process_a_job_runs_when_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "open").touch()
    finished = run_jobs(Gate(tmp_path), range(JOBS), 1)
    assert [next(finished), next(finished)] == [0, 1]
    finished.close()
    assert jobs_with("ended", tmp_path) == {0, 1}
