"""What a service manager is told: sd_notify(3) of systemd, in the standard library.

It is told that the service is ready when the first audio was heard, and that it is alive only while audio comes: a service that
hangs, or whose source is gone for good, is started anew.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Mapping
from time import monotonic
from types import TracebackType

from edge_asr.errors import ConfigError
from edge_asr.runtime.events import Detection, Event, Final, SourceBack, SourceLost, Started

ALIVE_TIMES = 4
"""Signs of life in the time after which the service manager gives up."""
STATUS_CHARACTERS = 300


class ServiceManager:
    """Tells the service manager what goes on; without one, nothing happens. As a context it says at the end that it stops."""

    def __init__(self, address: str = "", watchdog_seconds: float = 0.0, *, clock: Callable[[], float] = monotonic) -> None:
        """`address`: of its datagram socket, a path or `@` and an abstract name; empty: there is none. `clock`: seconds.

        `watchdog_seconds`: it wants a sign of life at least that often; 0: it wants none. Raises `ConfigError`.
        """
        if address and address[0] not in "/@":
            raise ConfigError(f"NOTIFY_SOCKET: expected a full path, or @ and a name, found {address!r:.80}; unset it")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._pause, self._clock = watchdog_seconds / ALIVE_TIMES, clock
        self._ready, self._alive_at = False, clock()
        self._source, self._samples, self._heard = "", 0, 0

    def __enter__(self) -> ServiceManager:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Say that it stops."""
        self._send("STOPPING=1")

    def waiting(self, reason: str) -> None:
        """There is no audio yet, for that reason."""
        self._status(f"waiting for audio: {reason}")

    def event(self, event: Event) -> None:
        """Something was heard, or happened to the source. What was said is not told: everyone on a machine may read a status."""
        if isinstance(event, (Started, SourceBack)):
            self._source = event.source
        elif isinstance(event, SourceLost):
            self._status(f"lost the source, waiting for it: {event.reason}")
            return
        elif isinstance(event, Detection) or (isinstance(event, Final) and event.accepted):
            self._heard += 1
        else:
            return
        if self._ready:
            self._status(self._state())

    def audio(self, samples: int) -> None:
        """So many samples of the stream have been heard. The same number again is no sign of life."""
        if samples == self._samples:
            return
        self._samples = samples
        if not self._ready:
            self._ready = self._send(f"READY=1\nSTATUS={self._state()}")
        elif self._pause and self._clock() - self._alive_at >= self._pause:
            self._alive_at = self._clock()
            self._send("WATCHDOG=1")

    def _state(self) -> str:
        return _line(f"listening to {self._source}, heard {self._heard}")

    def _status(self, text: str) -> None:
        self._send(f"STATUS={_line(text)}")

    def _send(self, message: str) -> bool:
        """Whether it was delivered. It never waits, and a service manager that went away is no reason to stop hearing."""
        if not self._address:
            return False
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.connect(self._address)
            sender.send(message.encode("utf-8", "replace"))
            return True
        return False


def service_manager(environment: Mapping[str, str], process: int, *, clock: Callable[[], float] = monotonic) -> ServiceManager:
    """The service manager that started the process with this id and environment, if one did. Raises `ConfigError`.

    NOTIFY_SOCKET is its address; WATCHDOG_USEC, in microseconds, counts for the process WATCHDOG_PID (without that, for any).
    """
    wanted = environment.get("WATCHDOG_USEC", "") if environment.get("WATCHDOG_PID", str(process)) == str(process) else ""
    if wanted and not (wanted.isascii() and wanted.isdigit() and len(wanted) < 20):
        raise ConfigError(f"WATCHDOG_USEC: expected microseconds, found {wanted!r:.80}; unset it")
    return ServiceManager(environment.get("NOTIFY_SOCKET", ""), int(wanted or 0) / 1e6, clock=clock)


def _line(text: str) -> str:
    """One line of it: what follows a line break would be another message."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:STATUS_CHARACTERS]
