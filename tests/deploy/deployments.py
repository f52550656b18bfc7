"""What the tests of deployments share: errands to the board on loopback, whose service lives or dies with its release."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from edge_asr.deploy.agent.system import glibc, machine
from edge_asr.deploy.connection import Board
from edge_asr.deploy.deploy import Errand
from edge_asr.deploy.outcome import Tell, tell_nobody
from edge_asr.deploy.release import Release
from edge_asr.deploy.steps import Pace
from edge_asr.deploy.target import Board as BoardSpec
from edge_asr.deploy.target import Target
from tests.deploy.small_release import small_release
from tests.deploy.sshd import SshServer

PASSES = """#!/bin/sh
echo '[{"name": "clip", "status": "ok", "found": "3 events", "advice": ""}]'
"""
FAILS = """#!/bin/sh
echo '[{"name": "files", "status": "ok", "found": "as packed", "advice": ""},'
echo ' {"name": "clip", "status": "failed", "found": "expected yes at 1.2 s, found nothing", "advice": "try other kernels"}]'
exit 1
"""
SYSTEMCTL = """
case "$1" in
  restart) [ ! -e '{current}/site/no_start' ] || {{ echo 'Job for edge-asr.service failed.' >&2; exit 1; }} ;;
  disable) [ ! -e '{current}/site/slow' ] || sleep 2 ;;
  is-active) echo active ;;
  show)
    [ -e '{current}/site/dies' ] && state=failed || state=active
    printf 'ActiveState=%s\\nSubState=running\\nMainPID=17\\nMemoryCurrent=61000000\\nStatusText=3 events\\n' $state ;;
esac
"""
"""A release with `site/no_start` does not come up, one with `site/dies` does and ends, with `site/slow` it is slow to stop."""
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
QUICK = Pace(lock_s=120, ready_s=120, settle_s=0)
"""Nothing is slept away; a busy board gets the time that it needs."""


class Script:
    """A `Tell` that notes what it is told and may do something at a step's beginning: raise, cut the connection, ..."""

    def __init__(self, **at: object) -> None:
        self.told: list[tuple[str, str]] = []
        self._at = at

    def __call__(self, step: str, text: str) -> None:
        begins = step not in dict(self.told)
        self.told.append((step, text))
        action = self._at.get(step)
        if begins and callable(action):
            action()

    def found(self, step: str) -> str:
        """What a step found."""
        return [text for name, text in self.told if name == step][-1]

    def steps(self) -> list[str]:
        """Their names, as they came."""
        return list(dict(self.told))


def target_for(server: SshServer) -> Target:
    """For this machine, below the server's folder."""
    return Target("test", "this machine", BoardSpec(machine(), PYTHON, glibc()), folder=str(server.folder), keep=3)


def errand_to(server: SshServer, tell: Tell = tell_nobody, pace: Pace = QUICK) -> Errand:
    """To the server, where systemd's units go into a scratch folder."""
    server.stand_in("systemctl", SYSTEMCTL.format(current=server.folder / "current"))
    return Errand(server.host, target_for(server), pace, partial(Board, units=str(server.units)), tell)


def release_for_here(folder: Path, minute: int = 0, *, launcher: str = PASSES, **files: bytes) -> Release:
    """A small release for this machine, made at 12:`minute`."""
    release = small_release(folder / str(minute), minute, launcher=launcher, **files)
    return replace(release, machine=machine(), python=PYTHON)


def current(server: SshServer) -> str:
    """Id of the release that the link leads to."""
    link = server.folder / "current"
    return link.readlink().name if link.is_symlink() else ""


def releases(server: SshServer) -> Sequence[str]:
    """Names in the folder of releases."""
    folder = server.folder / "releases"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
