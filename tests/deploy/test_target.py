"""Targets are read strictly, and those that are shipped are right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_asr.config import to_table
from edge_asr.deploy.target import TARGETS, list_targets, load_target
from edge_asr.errors import ConfigError
from edge_asr.runtime.accelerator import Accelerator
from edge_asr.runtime.board import SETTINGS_LIMIT, BoardSettings, RunSpec, read_settings

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / TARGETS).glob("*.toml"))


@pytest.fixture(autouse=True)
def at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_all_boards_of_the_plan_are_there() -> None:
    names = {"pi-zero2w", "pi3", "pi3-armv7", "pi4", "pi5", "coral-dev-board", "pi4-coral", "pi5-gpu", "aarch64", "x86_64"}
    targets = list_targets()
    assert {target.name for target in targets} == names
    assert [target.name for target in targets] == sorted(names)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_target_says_what_to_install(path: Path) -> None:
    target, comment = load_target(path), path.read_text().split("name = ")[0]
    assert target.name == path.stem
    assert "sudo apt install" in comment
    assert [package for package in target.board.packages if package not in comment] == []


def test_an_accelerator_can_be_taken_away() -> None:
    """As targets/coral-dev-board.toml advises."""
    assert load_target("coral-dev-board", ["run.accelerator.delegate=none", "run.accelerator.options={}"]).run == RunSpec()


def test_settings_of_a_target_reach_the_board(tmp_path: Path) -> None:
    target = load_target("pi4-coral", ["run.threads=2", "audio.device=USB mic", "run.accelerator.fallback=true"])
    (tmp_path / "settings.json").write_text(json.dumps(to_table(target.settings())))
    found = read_settings(tmp_path / "settings.json")
    assert found == target.settings()
    assert found.run.accelerator == Accelerator("edgetpu", {"device": "usb"}, fallback=True)
    assert (found.target, found.run.threads, found.audio.device) == ("pi4-coral", 2, "USB mic")
    assert found.budgets == target.budgets


def test_a_signature_is_not_asked_for_without_a_key() -> None:
    target = load_target("pi4", ["require_signature=true"])
    with pytest.raises(ConfigError, match="require_signature needs a public_key, found none: invoke keys"):
        target.settings()
    assert target.settings("key").public_key == "key"


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("pi4", "board.machine=riscv64", "'board.machine' must be one of 'aarch64', 'x86_64', 'armv7l'"),
        ("pi4", "board.machine=armv7l", "must be 'tflite-runtime' on armv7l"),
        ("pi4", 'board.python="3.9"', "python must be 3.10 to 3.13, found '3.9'"),
        ("pi4", "board.python=3.11", "'board.python' must be a text, found 3.11"),
        ("pi4", 'board.glibc="2"', "glibc must be a version like 2.36"),
        ("pi4", 'board.glibc="2.26"', "'ai-edge-litert' has wheels from glibc 2.27 on"),
        ("coral-dev-board", "board.interpreter=tflite-runtime", "'tflite-runtime' has wheels from glibc 2.34 on"),
        ("pi5", "board.interpreter=tflite-runtime", "has wheels up to Python 3.11, found python '3.13'"),
        ("pi4", 'board.packages=["a b"]', r"packages: 'a b' is not a name"),
        ("pi4", 'board.packages=["--yes"]', r"packages: '--yes' is not a name"),
        ("pi4", "run.thread=2", "unknown key 'run.thread'; did you mean 'threads'?"),
        ("pi4", "run.threads=0", "'run.threads' must be at least 1"),
        ("pi4", "run.form=resource", "'run.form' must be one of '', 'stream', 'window', 'edgetpu'"),
        ("pi4", "run.form=edgetpu", "form 'edgetpu' runs on the delegate 'edgetpu' alone, found 'none'"),
        ("pi4", "run.accelerator.delegate=", "delegate must be none, edgetpu, gpu or the path"),
        ("pi4-coral", "run.accelerator.delegate=gpu", "delegate 'gpu' needs the interpreter 'ai-edge-litert'"),
        ("pi4", "audio.chunk_ms=1", "'audio.chunk_ms' must be at least 5"),
        ("pi4", 'audio.device="a\\nb"', "device must be at most 200 printable characters"),
        ("pi4", "service.name=../evil", r"name: '\.\./evil' is not a name"),
        ("pi4", "service.user=a b", "user: 'a b' is not a name"),
        ("pi4", 'service.groups=["audio", "x\\n"]', r"groups: 'x\\n' is not a name"),
        ("pi4", "service.memory_mb=99", "budgets.resident_mb must be at most 99, which the service gets, found 100"),
        ("pi4", "service.cpu_percent=5", "budgets.cpu_percent must be at most 5, which the service gets, found 10"),
        ("pi4", "budgets.step_p95_ms=nan", "'budgets.step_p95_ms' must be a finite number"),
        ("pi4", "folder=/opt/../etc", "folder must be a full path"),
        ("pi4", "folder=opt", "folder must be a full path"),
        ("pi4", 'folder="/opt/a b"', "folder must be a full path"),
        ("pi4", "folder=/opt/", "folder must be a full path"),
        ("pi4", "keep=1", "'keep' must be at least 2"),
        ("pi4", "name=a/b", "name: 'a/b' is not a name"),
        ("pi4", 'description="  "', "description must be a printable line"),
    ],
)
def test_what_is_wrong_is_named(name: str, change: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_target(name, [change])
    assert f"targets/{name}.toml" in str(caught.value)


@pytest.mark.parametrize("name", ["pi44", "", "../targets/pi4", "a" * 5000, "pi4\n", "\0"])
def test_an_unknown_target_is_told_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigError, match="or one of aarch64, coral-dev-board") as caught:
        load_target(name)
    assert len(str(caught.value)) < 400
    assert name != "pi44" or "did you mean 'pi4'?" in str(caught.value)


def test_a_target_can_be_a_file_anywhere(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text((ROOT / "targets" / "pi4.toml").read_text().replace('"pi4"', '"mine"'))
    assert load_target(tmp_path / "mine.toml").name == "mine"
    with pytest.raises(ConfigError, match="expected a readable TOML file"):
        load_target(tmp_path / "none.toml")


def test_elsewhere_there_are_no_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="run this at the repository's top"):
        list_targets()
    with pytest.raises(ConfigError, match="run this at the repository's top"):
        load_target("pi4")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.pop("target"), "'target' is missing"),
        (lambda table: table.update(other=1), "unknown key 'other'"),
        (lambda table: table["run"].update(threads=10**30), "'run.threads' must be at least 1 and at most 64"),
        (lambda table: table["run"].update(accelerator=[]), "'run.accelerator' must be a table"),
        (lambda table: table.update(require_signature=True, public_key=""), "needs a public_key"),
    ],
)
def test_settings_are_read_strictly(tmp_path: Path, change: Callable[[dict[str, object]], object], message: str) -> None:
    table = to_table(BoardSettings("pi4", RunSpec()))
    change(table)
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(table))
    with pytest.raises(ConfigError, match=f"^{re.escape(str(path))}: .*{message}"):
        read_settings(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 5000, b'{"target": "pi4"}' + b" " * SETTINGS_LIMIT])
def test_settings_that_are_none_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "settings.json").write_bytes(content)
    with pytest.raises(ConfigError, match="deploy again"):
        read_settings(tmp_path / "settings.json")


def test_settings_that_are_missing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a release's settings"):
        read_settings(tmp_path / "settings.json")
