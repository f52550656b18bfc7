"""The board's system: its programs, its room, and how to be root there."""

from __future__ import annotations

import contextlib
import os
import platform
import pwd
import shutil
import signal
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

COMMAND_LIMIT_S = 60.0
OUTPUT_LIMIT = 1 << 20
"""Characters of a command's output that are kept, the last ones."""
TIMED_OUT = 124
"""Exit code of a command that was ended, as `timeout` has it."""


class RefusedError(Exception):
    """A request that can't be done; its text goes to the workstation."""


def machine() -> str:
    """As `uname -m`, but of the programs rather than the kernel: armv7l for 32-bit programs on a 64-bit kernel."""
    name = platform.machine()
    return "armv7l" if name in ("aarch64", "armv8l") and struct.calcsize("P") == 4 else name


def glibc() -> str:
    """Version of the C library, "" for another one than glibc."""
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").rpartition(" ")[2]
    except (ValueError, OSError):
        return ""


def user_name() -> str:
    """Who the agent runs as."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def free_bytes(path: Path) -> int:
    """Room for this user on the disk where `path` is or will be."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def missing_packages(names: Sequence[str]) -> list[str]:
    """Which of the distribution's packages are not installed; none where there is no dpkg to ask."""
    if not names or shutil.which("dpkg-query") is None:
        return []
    _, out, _ = run_command(["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *names])
    installed = {line.split()[0] for line in out.splitlines() if line.endswith(" installed")}
    return [name for name in names if name not in installed]


def run_command(arguments: Sequence[str], limit_s: float = COMMAND_LIMIT_S) -> tuple[int, str, str]:
    """Exit code, stdout and stderr; after `limit_s` seconds it is ended with all its children, and the code is `TIMED_OUT`."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
        )
    except OSError as error:
        raise RefusedError(f"{arguments[0]}: can't be run: {error.strerror}") from error
    with process:
        try:
            out, err = process.communicate(timeout=limit_s)
            code = process.returncode
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            out, err = process.communicate()
            code = TIMED_OUT
    return code, out.decode(errors="replace")[-OUTPUT_LIMIT:], err.decode(errors="replace")[-OUTPUT_LIMIT:]


def can_be_root() -> bool:
    """Whether commands can run as root: the agent does, or sudo asks for no password."""
    return os.geteuid() == 0 or (shutil.which("sudo") is not None and run_command(["sudo", "-n", "true"])[0] == 0)


def root_command(arguments: Sequence[str]) -> list[str]:
    """`arguments`, or with sudo before them. Raises `RefusedError` where there is no way to be root."""
    if not can_be_root():
        raise RefusedError(
            f"{' '.join(arguments[:2])} needs root: expected that {user_name()} may use sudo without a password, found that "
            f"`sudo -n true` fails; allow it (visudo: {user_name()} ALL=(ALL) NOPASSWD: ALL) or deploy as root"
        )
    return list(arguments) if os.geteuid() == 0 else ["sudo", "-n", *arguments]


def as_root(arguments: Sequence[str]) -> str:
    """Stdout of a command that is run as root. Raises `RefusedError` when it fails."""
    code, out, err = run_command(root_command(arguments))
    if code:
        raise RefusedError(f"`{' '.join(arguments)}` failed with exit code {code}: {(err or out).strip()[-500:]}")
    return out
