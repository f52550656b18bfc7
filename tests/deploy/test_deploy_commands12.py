"""`invoke deploy` as a person uses it: a real release of commands12 goes to the board on loopback, is upgraded and taken back."""

from __future__ import annotations

import json
import platform
import re
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from invoke import Context

from edge_asr.deploy.connection import Board
from edge_asr.deploy.steps import Pace
from edge_asr.runtime.hear_clip import read_expected
from edge_asr.tasks.deploy import deploy, logs, remove, status
from tests.deploy.deployments import PYTHON, SYSTEMCTL, current, releases
from tests.deploy.packed import ROOT
from tests.deploy.sshd import SshServer

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64") or platform.system() != "Linux", reason="LiteRT's wheels: Linux, 64 bit"
)
BUDGETS = ("cpu_percent", "step_p95_ms", "resident_mb", "bundle_kb")


@pytest.fixture
def boards(ssh_server: SshServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, object]]:
    """Arguments of a command for the board on loopback; `settings` change the target x86_64 or aarch64 beside that."""
    ssh_server.stand_in("systemctl", SYSTEMCTL.format(current=ssh_server.folder / "current"))
    monkeypatch.setitem(Board.__init__.__kwdefaults__, "units", str(ssh_server.units))
    monkeypatch.setattr("edge_asr.tasks.boards.Pace", partial(Pace, settle_s=0.0))
    monkeypatch.chdir(ROOT)

    def arguments(*settings: str, **options: object) -> dict[str, object]:
        here = [f'board.python="{PYTHON}"', 'board.glibc="2.28"', "board.packages=[]", f"folder={ssh_server.folder}"]
        free = [f"budgets.{name}=0" for name in BUDGETS]  # a machine that is busy with tests keeps none
        return {"host": [ssh_server.host], "target": platform.machine(), "set_": [*here, *free, *settings], **options}

    return arguments


def test_install_upgrade_failure_rollback_and_removal(
    ssh_server: SshServer, boards: Callable[..., dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(Context(), **boards())
    first = current(ssh_server)
    assert f"{ssh_server.host}: release {first} runs." in capsys.readouterr().out
    assert heard(ssh_server.folder / "current") == expected(ssh_server.folder / "current")

    deploy(Context(), **boards("audio.chunk_ms=40"))
    second = current(ssh_server)
    out = capsys.readouterr().out
    files = int(re.search(r"(\d+) files were new", out).group(1))
    assert 2 <= files < 100  # settings and unit; some of edge_asr itself, if somebody is at work on it. A release has 360
    assert releases(ssh_server) == [first, second]

    with pytest.raises(SystemExit, match="1"):
        deploy(Context(), **boards("budgets.resident_mb=1"))
    out = capsys.readouterr().out
    assert "failed at selftest: budget memory: " in out
    assert f"the board still runs release {second}." in out

    deploy(Context(), **boards(rollback=True))
    assert current(ssh_server) == first
    capsys.readouterr()
    status(Context(), **boards())
    assert f"runs release {first}" in capsys.readouterr().out
    logs(Context(), **boards())
    assert "listening" in capsys.readouterr().out
    remove(Context(), **boards())
    assert "nothing runs there." in capsys.readouterr().out
    assert releases(ssh_server) == []


def test_a_dry_run_touches_nothing(
    ssh_server: SshServer, boards: Callable[..., dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    for command, options in ((deploy, {}), (deploy, {"rollback": True}), (remove, {})):
        command(Context(), **boards(dry_run=True, **options))
    out = capsys.readouterr().out
    assert out.count(f"{ssh_server.host}:\n  connect") == 3
    assert "selftest" in out
    assert not ssh_server.folder.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "expected --host user@board or --fleet FILE, found neither"),
        ({"host": ["pi@a"]}, "pi@a: expected a target"),
        ({"host": ["pi@a"], "target": "pi44"}, "did you mean 'pi4'?"),
        ({"host": ["pi@a", "pi@a"], "target": "pi4"}, "pi@a is there 2 times"),
        ({"fleet": "none.toml"}, "none.toml: expected a readable TOML file"),
        ({"fleet": "none.toml", "set_": ["keep=2"]}, "expected --set without --fleet"),
        ({"host": ["pi@a"], "target": "pi4", "keep": 1}, "--keep: expected 2 releases or more"),
    ],
)
def test_mistakes_are_one_line(
    arguments: dict[str, object], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit, match="2"):
        deploy(Context(), **{"host": [], "set_": [], **arguments})
    err = capsys.readouterr().err
    assert err.startswith("invoke deploy: error: ")
    assert said in err


def heard(release: Path) -> list[str]:
    """What the release hears in its own clip, run through the link as systemd does."""
    clip = str(release / "selftest" / "clip.wav")
    listen = [str(release / "edge-asr"), "listen", "--bundle", str(release / "bundle"), "--input", clip, "--json"]
    out = subprocess.run(listen, stdout=subprocess.PIPE, check=True, text=True, timeout=240).stdout
    events = [json.loads(line) for line in out.splitlines()]
    return [event["label"] for event in events if event.get("event") == "detection"]


def expected(release: Path) -> list[str]:
    return [event.what for event in read_expected(release / "selftest" / "expected.json").events]
