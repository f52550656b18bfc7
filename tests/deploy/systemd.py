"""What systemd itself thinks of a unit: no service manager need run for that."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

MANAGER = Path("/usr/lib/systemd/systemd")
NOBODY = 65534
TARGETS = ("sysinit", "basic", "shutdown", "multi-user", "sound", "network-online")
"""Units of the system that a service's own may name."""
NEW = {"RestartSteps": 254, "RestartMaxDelaySec": 254}
"""Directives, and the first version of systemd that knows them."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None or not MANAGER.exists(), reason="needs the package systemd"
)


def directives(unit: str) -> dict[str, list[str]]:
    """Keys of a unit and their values, in their order."""
    found: dict[str, list[str]] = {}
    for line in unit.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            found.setdefault(key, []).append(value)
    return found


def known_here(unit: str) -> str:
    """The unit without the directives that came after this machine's systemd."""
    version = int(re.search(r"systemd (\d+)", _run(["systemd-analyze", "--version"]).stdout)[1])
    return "\n".join(line for line in unit.split("\n") if NEW.get(line.partition("=")[0], 0) <= version)


def complaints(unit: str, program: str, root: Path) -> str:
    """What `systemd-analyze verify` says of a unit on a board that has `program`; nothing when it is right."""
    file = _board(unit, root / "etc/systemd/system")
    executable = root / program.lstrip("/")
    executable.parent.mkdir(parents=True, exist_ok=True)
    executable.write_text("#!/bin/sh\n")
    executable.chmod(0o755)
    done = _run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"--root={root}", file.name])
    assert done.returncode == 0 or done.stderr
    return done.stdout + done.stderr


def exposure(unit: str, folder: Path) -> float:
    """From 0 to 10, by `systemd-analyze security`: how much of the system is open to the service."""
    file = _board(unit, folder)
    done = _run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(file)])
    assert done.stderr == ""
    return float(re.search(rf"Overall exposure level for {file.name}: ([\d.]+)", done.stdout)[1])


def parsed_command(unit: str) -> list[str]:
    """The program and arguments that systemd reads in ExecStart=, but for `$`, which it looks at when it starts them."""
    with tempfile.TemporaryDirectory() as name:  # not below tmp_path, which is for its owner alone
        folder = Path(name)
        folder.chmod(0o755)
        file = _board(unit, folder / "units")
        own = folder / "own"
        own.mkdir()
        other = {}
        if os.geteuid() == 0:  # which it refuses
            os.chown(own, NOBODY, NOBODY)
            other = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        variables = {"XDG_RUNTIME_DIR": own, "HOME": own, "SYSTEMD_UNIT_PATH": file.parent, "SYSTEMD_LOG_TARGET": "console"}
        command = [str(MANAGER), "--user", "--test", "--no-pager", f"--unit={file.name}"]
        done = _run(command, env={**os.environ, **{key: str(value) for key, value in variables.items()}}, **other)
    lines = re.findall(r"Command Line: (.*)", done.stdout)
    assert len(lines) == 1, done.stdout + done.stderr
    # The line is quoted for a shell.
    return _run(["sh", "-c", f"printf '%s\\n' {lines[0]}"]).stdout.splitlines()


def _board(unit: str, folder: Path) -> Path:
    """The unit's file in `folder`, with the units that it names."""
    folder.mkdir(parents=True)
    for target in TARGETS:
        (folder / f"{target}.target").write_text("[Unit]\n")
    file = folder / "edge-asr.service"
    file.write_text(unit)
    return file


def _run(command: list[str], **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, **options)
