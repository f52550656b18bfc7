"""One connection: requests answered in turn, the lock, and what is undone when the connection ends too early."""

from __future__ import annotations

import contextlib
import fcntl
import inspect
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from .incoming import FULL, append, begin, complete
from .place import Place
from .releases import discard, missing, prune, releases, run, unpack
from .service import logs, remove, service, switch
from .system import COMMAND_LIMIT_S, RefusedError, can_be_root, free_bytes, glibc, machine, missing_packages, user_name

IDLE_S = 300
"""Seconds without a request after which the connection is taken for dead: the lock must not outlive a pulled cable."""
LINE_LIMIT, PAYLOAD_LIMIT = 16 << 20, 8 << 20
"""Bytes of a request, and of what follows an `append`."""


def probe(place: Place, packages: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the board is: `machine`, `python`, `glibc`, `free_bytes`, `missing_packages`, `user`, `root`, `systemd`, `current`."""
    return {
        "machine": machine(),
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "glibc": glibc(),
        "free_bytes": free_bytes(place.root),
        "missing_packages": missing_packages(packages),
        "user": user_name(),
        "root": can_be_root(),
        "systemd": shutil.which("systemctl") is not None,
        "current": place.current_id(),
    }


READING = (probe, releases, missing, run, service, logs)
CHANGING = (begin, append, complete, unpack, prune, discard, remove)


class Session:
    """What lasts from one request to the next."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock: BinaryIO | None = None
        self._back: Callable[[], object] | None = None
        self._requests: dict[str, Callable[..., dict[str, Any]]] = {
            **{function.__name__: partial(function, place) for function in (*READING, *CHANGING)},
            **{"lock": self.lock, "switch": self.switch, "keep": self.keep},
        }
        self._free = {"lock", *(function.__name__ for function in READING)}

    def answer(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked. Raises `RefusedError` for what can't be done, `OSError` where the system refuses."""
        function = self._requests.get(name)
        if function is None:
            raise RefusedError(f"expected one of {', '.join(self._requests)}, found {name!r:.80}")
        if name not in self._free and self._lock is None:
            raise RefusedError(f"{name}: expected `lock` first")
        try:
            inspect.signature(function).bind(**values)
        except TypeError as err:
            raise RefusedError(f"{name}: {err}") from err
        return function(**values)

    def lock(self, holder: str, wait_s: float = 0.0) -> dict[str, Any]:
        """Take the lock for `holder`, or refuse after `wait_s` seconds and say who has it. Makes the folder if there is none."""
        self._place.make()
        path, deadline = self._place.root / ".lock", time.monotonic() + wait_s
        file = path.open("a+b", buffering=0)
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if time.monotonic() >= deadline:
                file.close()
                has = path.read_text(errors="replace")[:200] or "somebody"
                raise RefusedError(
                    f"another deployment is at work on this board: {has}; wait until it is done (--wait SECONDS does)"
                )
            time.sleep(0.1)
        file.truncate(0)
        file.write(f"{holder} since {time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime())}".encode())
        self._lock = file
        return {}

    def switch(self, id: str, service: str = "", ready_s: float = COMMAND_LIMIT_S, trial: bool = False) -> dict[str, Any]:
        """As `service.switch`, and which release was `previous`. On `trial`, the board goes back to that one when the
        connection ends before `keep`.
        """
        previous = self._place.current_id()
        self._back = partial(switch, self._place, previous, service, ready_s) if trial else None
        return {"previous": previous, **switch(self._place, id, service, ready_s)}

    def keep(self) -> dict[str, Any]:
        """The release on trial stays."""
        self._back = None
        return {}

    def end(self) -> None:
        """The connection is gone: so goes a release that is still on trial, and then the lock."""
        try:
            if self._back:
                self._back()
        finally:
            if self._lock is not None:
                self._lock.close()


def serve(place: Place, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the connection ends, or nothing comes for `IDLE_S`."""
    session = Session(place)
    try:
        while line := _within_idle(requests.readline, LINE_LIMIT):
            values = json.loads(line)
            size = values.pop("bytes", None)
            if size is not None:
                values["payload"] = _within_idle(requests.read, min(size, PAYLOAD_LIMIT))
                if len(values["payload"]) < size:
                    break  # cut in the middle of it: the next connection sends it again
            answers.write(json.dumps(_answer(session, values)).encode() + b"\n")
            answers.flush()
    finally:
        session.end()


def main(folder: str, units: str) -> None:
    """Serve stdin and stdout; a signal or a connection that is gone ends it in order."""
    os.umask(0o022)  # the service's user reads what is written here
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with contextlib.suppress(BrokenPipeError):
        serve(Place(Path(folder), Path(units)), sys.stdin.buffer, sys.stdout.buffer)


def _answer(session: Session, values: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"ok": session.answer(values.pop("request"), values)}
    except RefusedError as err:
        return {"error": str(err)}
    except OSError as err:
        full = "; make room on the board, what runs there is unharmed" if err.errno in FULL else ""
        return {"error": f"{err.filename or 'the disk'}: {err.strerror or err}{full}"}


def _within_idle(read: Callable[[int], bytes], size: int) -> bytes:
    signal.alarm(IDLE_S)
    try:
        return read(size)
    finally:
        signal.alarm(0)
