"""A real OpenSSH server on loopback that passes for a board, with stand-ins for the board's service manager."""

from __future__ import annotations

import contextlib
import getpass
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

SSHD = "/usr/sbin/sshd"
STAND_IN = """#!/bin/sh
echo "${{0##*/}} $*" >> '{calls}'
{body}
"""
SYSTEMCTL = """
case "$1" in
  is-active) cat '{state}/active' ;;
  show) printf 'ActiveState=%s\\nSubState=running\\nNRestarts=0\\nStatusText=\\n' "$(cat '{state}/active')" ;;
  restart) cat '{state}/said' >&2; exit "$(cat '{state}/restart')" ;;
esac
"""


class SshServer:
    """`host` is its address for one who has the HOME `user_home`; `folder` and `units` are what a deployment writes to.

    The programs in `bin` come first on the board: `systemctl`, `sudo` and `journalctl` note how they were called (`calls`).
    What systemctl says can be set: `service(active="failed", restart=1, said="Job failed")`.
    """

    def __init__(self, home: Path) -> None:
        self.home, self.user_home, self.board_home = home, home / "workstation", home / "board"
        self.bin, self.folder, self.units = home / "bin", home / "opt" / "edge-asr", home / "units"
        self._calls, self._state = home / "calls", home / "state"
        for folder in (self.user_home / ".ssh", self.board_home, self.bin, self.units, self._state):
            folder.mkdir(parents=True, mode=0o700)
        self._keys()
        self._stand_ins()
        self.path = f"{self.bin}:/usr/bin:/bin"
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def host(self) -> str:
        """For `Board`, `--host` and ssh."""
        return f"{getpass.getuser()}@127.0.0.1:{self.port}"

    @property
    def board(self) -> dict[str, Any]:
        """What `Board` needs beside the host."""
        return {"folder": str(self.folder), "units": str(self.units)}

    def calls(self) -> list[str]:
        """What the stand-ins were told, one line a call."""
        return self._calls.read_text().splitlines() if self._calls.exists() else []

    def service(self, active: str = "active", restart: int = 0, said: str = "") -> None:
        """What systemctl answers from now on: `is-active`, and the exit code and stderr of `restart`."""
        for name, value in {"active": active, "restart": restart, "said": said}.items():
            (self._state / name).write_text(f"{value}\n" if value != "" else "")

    def stand_in(self, name: str, body: str) -> None:
        """Put a program of this name first on the board: a shell script that notes its call and goes on with `body`."""
        (self.bin / name).write_text(STAND_IN.format(calls=self._calls, body=body))
        (self.bin / name).chmod(0o755)

    def start(self) -> None:
        """Start it; on the port that it had, when it had one."""
        for _ in range(5):  # somebody else may take a free port in between
            port = self.port or _free_port()
            config = self._config(port)
            process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
            if _listens(process, port):
                self._process, self.port = process, port
                self.know(port)
                return
            process.kill()
            _, said = process.communicate()
        raise RuntimeError(f"sshd does not start: {said.decode()}")

    def know(self, port: int) -> None:
        """Put the server's key into known_hosts, for this port."""
        key = (self.home / "host_key.pub").read_text().split()
        with (self.user_home / ".ssh" / "known_hosts").open("a") as file:
            file.write(f"[127.0.0.1]:{port} {key[0]} {key[1]}\n")

    def cut(self) -> None:
        """Kill what serves the connections that are open; new ones are taken."""
        assert self._process is not None
        for child in psutil.Process(self._process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # it may end by itself
                if child.name().startswith("sshd"):
                    child.kill()

    def stop(self) -> None:
        """Stop it, connections too."""
        if self._process is not None:
            self.cut()
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _keys(self) -> None:
        for path in (self.home / "host_key", self.user_home / ".ssh" / "id_ed25519"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True, stdin=subprocess.DEVNULL)
        shutil.copy(self.user_home / ".ssh" / "id_ed25519.pub", self.home / "authorized_keys")

    def _stand_ins(self) -> None:
        self.service()
        self.stand_in("systemctl", SYSTEMCTL.format(state=self._state))
        self.stand_in("sudo", 'shift; exec "$@"')
        self.stand_in("journalctl", "echo '2025-01-31T14:05:02+0000 board edge-asr[17]: listening'")
        (self.bin / "python3").symlink_to(Path(sys.executable).resolve())

    def _config(self, port: int) -> Path:
        if Path("/run").stat().st_uid == 0 and getpass.getuser() == "root":
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd wants it; Debian's service makes it
        config = self.home / "sshd_config"
        config.write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {self.home}/host_key\nPidFile none\nUsePAM no\nStrictModes no\n"
            f"AuthorizedKeysFile {self.home}/authorized_keys\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"PermitRootLogin prohibit-password\nMaxStartups 100\nLogLevel ERROR\n"
            f"SetEnv PATH={self.path} HOME={self.board_home}\n"
        )
        return config


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.02)
    return False
