"""The connection to a board: who is let in, what is said when it does not work, and that a lock goes with it."""

from __future__ import annotations

import platform

from edge_asr.deploy.connection import Board
from tests.deploy.sshd import SshServer


def test_the_board_says_what_it_is(ssh_server: SshServer) -> None:
    with Board(ssh_server.host, **ssh_server.board) as board:
        found = board.call("probe", packages=["no-such-package"])
    assert found["machine"] == platform.machine() and found["python"] == ".".join(platform.python_version_tuple()[:2])
    assert found["missing_packages"] == ["no-such-package"] and found["current"] == ""
    assert not ssh_server.folder.exists()  # asking changes nothing
