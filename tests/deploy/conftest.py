"""What the tests of deployment share: a board on loopback."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_asr.deploy import connection, ssh
from tests.deploy.sshd import SSHD, SshServer

PATIENCE_S = 120
"""For what comes at once, but from a machine that is busy."""


@pytest.fixture
def ssh_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    """A real SSH server that the test's user may log in to, for a patient workstation; HOME is the scratch home with the key."""
    if not Path(SSHD).exists():
        pytest.skip("needs the package openssh-server")
    server = SshServer(tmp_path / "ssh")
    monkeypatch.setenv("HOME", str(server.user_home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    for module, limit in ((ssh, "CONNECT"), (connection, "CONNECT"), (connection, "END"), (connection, "REASON")):
        monkeypatch.setattr(module, f"{limit}_LIMIT_S", PATIENCE_S)
    yield server
    server.stop()


@pytest.fixture
def bookworm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A workstation with Debian 12."""
    release = {"ID": "debian", "VERSION_CODENAME": "bookworm", "PRETTY_NAME": "Debian GNU/Linux 12"}
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
