"""The connection to a board: who is let in, and what is said when something does not work."""

from __future__ import annotations

import fcntl
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edge_asr.deploy import connection, ssh
from edge_asr.deploy.connection import Board
from edge_asr.errors import DeployError
from tests.deploy.sshd import SshServer


def probe(server: SshServer, host: str = "") -> dict[str, object]:
    with Board(host or server.host, **server.board) as board:
        return board.call("probe", packages=["no-such-package"])


def refusal(server: SshServer, host: str = "") -> str:
    with pytest.raises(DeployError) as error:
        probe(server, host)
    assert str(error.value).startswith(f"{host or server.host}: ")
    return str(error.value)


def known_hosts(server: SshServer) -> Path:
    return server.user_home / ".ssh" / "known_hosts"


def fingerprint(public_key: Path) -> str:
    return subprocess.run(["ssh-keygen", "-lf", public_key], check=True, capture_output=True, text=True).stdout.split()[1]


def test_the_board_says_what_it_is(ssh_server: SshServer) -> None:
    found = probe(ssh_server)
    assert (found["machine"], found["current"]) == (platform.machine(), "")
    assert found["python"] == ".".join(platform.python_version_tuple()[:2])
    assert found["missing_packages"] == ["no-such-package"]
    assert not ssh_server.folder.exists()  # asking changes nothing


def test_an_unknown_host_is_refused_and_not_remembered(ssh_server: SshServer) -> None:
    known_hosts(ssh_server).unlink()
    said = refusal(ssh_server)
    assert fingerprint(ssh_server.home / "host_key.pub") in said
    assert f"ssh -p {ssh_server.port} {ssh_server.host.rpartition(':')[0]} true" in said
    assert not known_hosts(ssh_server).exists()


def test_a_changed_key_is_refused(ssh_server: SshServer) -> None:
    other = (ssh_server.user_home / ".ssh" / "id_ed25519.pub").read_text().split()
    known_hosts(ssh_server).write_text(f"[127.0.0.1]:{ssh_server.port} {other[0]} {other[1]}\n")
    said = refusal(ssh_server)
    assert "HAS CHANGED" in said
    assert fingerprint(ssh_server.home / "host_key.pub") in said
    assert fingerprint(ssh_server.user_home / ".ssh" / "id_ed25519.pub") in said


def test_an_unknown_jump_host_is_refused(ssh_server: SshServer) -> None:
    key = known_hosts(ssh_server).read_text().split(maxsplit=1)[1]
    known_hosts(ssh_server).write_text(f"[localhost]:{ssh_server.port} {key}")
    config = f"Host behind\n HostName localhost\n Port {ssh_server.port}\n ProxyJump {ssh_server.host}\n"
    (ssh_server.user_home / ".ssh" / "config").write_text(config)
    with pytest.raises(DeployError, match=r"\[127\.0\.0\.1\]:\d+ is not in"):
        probe(ssh_server, "behind")
    ssh_server.know(ssh_server.port)
    assert probe(ssh_server, "behind")["current"] == ""


def test_names_of_the_ssh_configuration_are_known(ssh_server: SshServer) -> None:
    user, port = ssh_server.host.split("@")[0], ssh_server.port
    (ssh_server.user_home / ".ssh" / "config").write_text(
        f"Host kitchen\n HostName 127.0.0.1\n Port {port}\n User {user}\n ForwardAgent ask\n"
    )
    assert probe(ssh_server, "kitchen")["user"] == user


def test_a_key_that_is_not_accepted(ssh_server: SshServer) -> None:
    (ssh_server.home / "authorized_keys").write_text("")
    assert "ssh-copy-id" in refusal(ssh_server)


def test_a_key_with_a_passphrase_is_for_ssh_agent(ssh_server: SshServer) -> None:
    key = ssh_server.user_home / ".ssh" / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "a secret", "-f", key], check=True, capture_output=True)
    assert "ssh-add" in refusal(ssh_server)


def test_the_system_s_known_hosts_count(ssh_server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    system_hosts = known_hosts(ssh_server).rename(ssh_server.home / "ssh_known_hosts")
    monkeypatch.setattr(ssh, "SYSTEM_HOSTS", str(system_hosts))
    assert probe(ssh_server)["current"] == ""


def test_without_fabric(ssh_server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fabric", None)
    with pytest.raises(DeployError, match=r"pip install 'edge-asr\[deploy\]'"):
        probe(ssh_server)


def test_a_board_that_is_off(ssh_server: SshServer) -> None:
    ssh_server.stop()
    assert "is the board on" in refusal(ssh_server)


def test_a_port_that_never_speaks(ssh_server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "CONNECT_LIMIT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "connect: " in refusal(ssh_server, f"pi@127.0.0.1:{silent.getsockname()[1]}")


def test_a_board_without_python(ssh_server: SshServer) -> None:
    ssh_server.stop()
    ssh_server.path = str(ssh_server.bin)
    (ssh_server.bin / "python3").unlink()
    ssh_server.start()
    assert "apt install python3" in refusal(ssh_server)


def test_a_login_shell_may_talk(ssh_server: SshServer) -> None:
    real = (ssh_server.bin / "python3").readlink()
    (ssh_server.bin / "python3").unlink()
    ssh_server.stand_in("python3", f"printf 'Welcome to your board!'; exec {real} \"$@\"")
    assert probe(ssh_server)["current"] == ""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo 'This account is not available.'; exit 1", "exit code 1, output 'This account is not available.'"),
        ("echo 'Illegal instruction' >&2; exit 132", "(Illegal instruction)"),
    ],
)
def test_a_shell_that_does_not_start_the_agent(ssh_server: SshServer, body: str, said: str) -> None:
    (ssh_server.bin / "python3").unlink()
    ssh_server.stand_in("python3", body)
    assert said in refusal(ssh_server)


def test_a_shell_that_never_stops_talking(ssh_server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "REASON_LIMIT_S", 0.2)  # there will be no exit code
    (ssh_server.bin / "python3").unlink()
    ssh_server.stand_in("python3", "while :; do echo and so on; done")
    said = refusal(ssh_server)
    assert "exit code None" in said
    assert "and so on" in said


def test_an_agent_that_dies_over_a_request(ssh_server: SshServer) -> None:
    ssh_server.stand_in("journalctl", "kill -9 $PPID")
    with Board(ssh_server.host, **ssh_server.board) as board:
        with pytest.raises(DeployError, match="logs: the connection was cut"):
            board.call("logs", name="edge-asr")
        with pytest.raises(DeployError, match="probe: the connection is closed"):
            board.call("probe")


def test_a_request_that_takes_too_long(ssh_server: SshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = ssh_server.home / "given up"
    ssh_server.stand_in("journalctl", f"until [ -e '{given_up}' ]; do sleep 0.1; done")
    with Board(ssh_server.host, **ssh_server.board) as board:
        monkeypatch.setattr(connection, "REQUEST_LIMIT_S", 0.2)
        with pytest.raises(DeployError, match="logs: expected an answer within 0.2 s"):
            board.call("logs", name="edge-asr")
    given_up.touch()


def test_what_the_agent_refuses_names_host_and_request(ssh_server: SshServer) -> None:
    with (
        Board(ssh_server.host, **ssh_server.board) as board,
        pytest.raises(DeployError, match="run: expected a release") as error,
    ):
        board.call("run", arguments=["selftest"])
    assert str(error.value).startswith(ssh_server.host)


def test_a_second_deployment_is_refused_and_told_who_is_at_work(ssh_server: SshServer) -> None:
    with Board(ssh_server.host, **ssh_server.board) as first, Board(ssh_server.host, **ssh_server.board) as second:
        first.call("lock", holder="ada@desk")
        with pytest.raises(DeployError, match=r"ada@desk since \d{4}-\d\d-\d\d .* UTC"):
            second.call("lock", holder="bob@desk")


def test_the_lock_goes_with_the_connection(ssh_server: SshServer) -> None:
    with Board(ssh_server.host, **ssh_server.board) as first:
        first.call("lock", holder="ada@desk")
    with (ssh_server.folder / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # free as soon as the session has ended
    with Board(ssh_server.host, **ssh_server.board) as second:
        second.call("lock", holder="bob@desk")
        ssh_server.cut()
        with Board(ssh_server.host, **ssh_server.board) as third:
            third.call("lock", holder="cyd@desk", wait_s=120)
