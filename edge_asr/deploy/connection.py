"""A board at the other end of an SSH connection: requests to the agent there, and files that are sent in pieces."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any

from edge_asr.deploy.send_agent import NO_PYTHON, READY, agent_command, agent_source
from edge_asr.deploy.ssh import CONNECT_LIMIT_S, open_connection
from edge_asr.errors import DeployError
from edge_asr.progress import Progress, no_progress

REQUEST_LIMIT_S = 300.0
"""For an answer, beside the time that the request itself allows; a Pi Zero needs a minute to read all releases."""
CHUNK_LIMIT_S = 60.0
END_LIMIT_S = 5.0
"""For the agent to give back what it holds."""
REASON_LIMIT_S = 1.0
"""For the exit code and the last words of an agent that ended, which come right behind its end."""
CHUNK = 1 << 20
"""Bytes that are sent before the board confirms them."""
NOISE_LIMIT = 1 << 16
"""Bytes that a login shell may write before the agent speaks."""
ANSWER_LIMIT = 64 << 20


class Board:
    """The agent on a board, from `__enter__` to `__exit__`; its requests are the functions of `deploy/agent`.

    `host`: `user@name:port` or a name in `~/.ssh/config`; `folder`: where the releases go; `units`: systemd's folder there.
    The lock goes with the connection, and so does a release on trial. For one thread at a time.
    """

    def __init__(self, host: str, folder: str = "/opt/edge-asr", *, units: str = "/etc/systemd/system") -> None:
        self.host = host
        self._command = agent_command(PurePosixPath(folder), PurePosixPath(units))
        self._open = contextlib.ExitStack()
        self._channel: Any = None
        self._read = b""

    def __enter__(self) -> Board:
        """Connect and start the agent. Raises `DeployError` when the host can't be reached, is unknown, or has no Python."""
        try:
            self._start(self._open.enter_context(open_connection(self.host)))
        except BaseException:
            self._drop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the session, and wait a little until the agent has given back what it holds."""
        if self._channel is not None:
            with contextlib.suppress(OSError):
                self._channel.shutdown_write()
                self._channel.settimeout(END_LIMIT_S)
                while self._channel.recv(1 << 16):
                    pass
        self._drop()

    def call(self, request: str, **values: Any) -> dict[str, Any]:
        """The agent's answer to `request`.

        Raises `DeployError` with the host and the request when the agent refuses, does not answer in time, or is gone.
        """
        allowed = sum(values.get(key, 0.0) for key in ("limit_s", "wait_s", "ready_s"))
        return self._exchange(request, values, b"", REQUEST_LIMIT_S + allowed)

    def put(self, local: Path, sha256: str, progress: Progress = no_progress, *, unpacked: int = 0) -> int:
        """Bring the file `local` to the board, from where a former try was cut off; the board verifies its hash.

        A part that turns out to be another file's beginning is thrown away, and everything sent once more. `unpacked`: bytes
        that must have room there as well. Returns the bytes that were sent. Raises `DeployError`.
        """
        size, sent = local.stat().st_size, 0
        for _ in range(2):
            state = self.call("begin", sha256=sha256, size=size, unpacked=unpacked)
            if state["whole"]:
                return sent
            sent += self._send(local, sha256, state["received"], progress)
            if self.call("complete", sha256=sha256)["verified"]:
                return sent
        raise DeployError(
            f"{self.host}: send: {local.name} arrived damaged twice: expected the hash {sha256}; is the board's disk sound?"
        )

    def _send(self, local: Path, sha256: str, start: int, progress: Progress) -> int:
        size, done = local.stat().st_size, start
        progress("send", done, size)
        with local.open("rb") as file:
            file.seek(start)
            while chunk := file.read(CHUNK):
                values = {"sha256": sha256, "bytes": len(chunk)}
                done = self._exchange("append", values, chunk, CHUNK_LIMIT_S)["received"]
                progress("send", done, size)
        return size - start

    def _start(self, transport: Any) -> None:
        self._channel = transport.open_session(timeout=CONNECT_LIMIT_S)
        self._channel.settimeout(REQUEST_LIMIT_S)
        self._channel.exec_command(self._command)
        self._say(agent_source())
        while READY not in self._read:
            if not self._receive("start") or len(self._read) > NOISE_LIMIT:
                raise DeployError(f"{self.host}: start: {self._why_no_agent()}")
        self._read = self._read.split(READY, 1)[1]

    def _exchange(self, request: str, values: dict[str, Any], payload: bytes, limit_s: float) -> dict[str, Any]:
        if self._channel is None:
            raise DeployError(f"{self.host}: {request}: the connection is closed")
        self._channel.settimeout(limit_s)
        self._say(json.dumps({"request": request, **values}).encode() + b"\n" + payload)
        while b"\n" not in self._read:
            if not self._receive(request) or len(self._read) > ANSWER_LIMIT:
                why = self._stderr()
                self._drop()
                raise DeployError(f"{self.host}: {request}: the connection was cut{why}; what was sent is kept, try again")
        line, self._read = self._read.split(b"\n", 1)
        answer = json.loads(line)
        if "error" in answer:
            raise DeployError(f"{self.host}: {request}: {answer['error']}")
        return dict(answer["ok"])

    def _say(self, content: bytes) -> None:
        with contextlib.suppress(OSError, EOFError):  # whoever is gone may have said why: what is received next tells
            self._channel.sendall(content)

    def _drop(self) -> None:
        self._channel = None
        self._open.close()

    def _receive(self, request: str) -> bool:
        try:
            piece = self._channel.recv(1 << 16)
        except TimeoutError as err:
            limit_s = self._channel.gettimeout()
            self._drop()
            raise DeployError(f"{self.host}: {request}: expected an answer within {limit_s:g} s, found none") from err
        self._read += piece
        return bool(piece)

    def _why_no_agent(self) -> str:
        code = self._channel.recv_exit_status() if self._channel.status_event.wait(REASON_LIMIT_S) else None
        if code == NO_PYTHON:
            return "there is no python3 on the board: sudo apt install python3"
        wrote = self._read[-300:].decode(errors="replace").strip()
        found = f"exit code {code}, output {wrote!r}{self._stderr()}"
        return f"expected the agent on the board, found {found}; does `ssh {self.host} python3 -V` work?"

    def _stderr(self) -> str:
        with contextlib.suppress(OSError):
            self._channel.settimeout(REASON_LIMIT_S)
            if text := self._channel.recv_stderr(1 << 16).decode(errors="replace").strip():
                return f" ({text.splitlines()[-1][-300:]})"
        return ""
