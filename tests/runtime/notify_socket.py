"""The service manager's end of sd_notify(3)."""

from __future__ import annotations

import contextlib
import socket


class NotifySocket:
    """A datagram socket at `address`, a path or `@` and an abstract name, and what was sent to it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1))

    def __enter__(self) -> NotifySocket:
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def next(self, seconds: float = 120.0) -> str:
        """The next message; raises TimeoutError when none comes for so long."""
        self._socket.settimeout(seconds)
        return self._socket.recv(4096).decode()

    def until_quiet(self, seconds: float) -> list[str]:
        """Messages until none comes for so long, at most ten."""
        messages: list[str] = []
        with contextlib.suppress(TimeoutError):
            while len(messages) < 10:
                messages.append(self.next(seconds))
        return messages

    def all(self) -> list[str]:
        """What has come and was not taken yet."""
        messages = []
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                messages.append(self._socket.recv(4096).decode())
        return messages
