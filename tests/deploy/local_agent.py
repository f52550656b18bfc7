"""The agent on this machine: as a process that is spoken to, or as a session that a release is brought to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from edge_asr.deploy.agent.session import Session
from edge_asr.deploy.archive import make_archive
from edge_asr.deploy.release import Release
from edge_asr.deploy.send_agent import READY, agent_command, agent_source
from tests.deploy.small_release import small_release


def put(session: Session, tmp_path: Path, minute: int, **files: bytes) -> Release:
    """Bring a release to the session's place."""
    release = small_release(tmp_path / f"release{minute}", minute, **files)
    archive = tmp_path / "archive"
    description = (release.path / "release.json").read_text()
    missing = session.answer("missing", {"release": description})["missing"]
    sha256 = make_archive(release, missing, archive)
    session.answer("begin", {"sha256": sha256, "size": archive.stat().st_size})
    session.answer("append", {"sha256": sha256, "payload": archive.read_bytes()})
    assert session.answer("complete", {"sha256": sha256}) == {"verified": True}
    session.answer("unpack", {"release": description, "sha256": sha256})
    return release


def request_line(request: str, **values: Any) -> bytes:
    """As the agent reads it."""
    return json.dumps({"request": request, **values}).encode() + b"\n"


class Process:
    """The agent as the shell of a board starts it. `before` is run in its Python first; `first` is there when it is ready."""

    def __init__(self, folder: Path, before: str = "", first: bytes = b"") -> None:
        command = agent_command(folder / "a folder", folder / "units").replace("python3", sys.executable, 1)
        command = command.replace("\nmodule.main", f"\n{before}\nmodule.main")
        self.process = subprocess.Popen(["sh", "-c", f"exec {command}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.send(agent_source() + first)
        assert self.receive() == READY

    def send(self, content: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def receive(self) -> bytes:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def ask(self, request: str, payload: bytes = b"", **values: Any) -> dict[str, Any]:
        self.send(request_line(request, **values) + payload)
        return self.answer()

    def answer(self) -> dict[str, Any]:
        return dict(json.loads(self.receive()))

    def wait(self) -> int:
        self.process.communicate(timeout=120)
        return self.process.returncode
