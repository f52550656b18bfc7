"""The agent's requests, on this machine: what runs, what is refused, and what is undone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_asr.deploy.agent import session, system
from edge_asr.deploy.agent.place import Place
from edge_asr.deploy.agent.service import switch
from edge_asr.deploy.agent.session import CHANGING, Session
from edge_asr.deploy.agent.system import RefusedError, machine, missing_packages, run_command
from edge_asr.deploy.archive import make_archive
from edge_asr.deploy.release import read_release
from tests.deploy.local_agent import put
from tests.deploy.small_release import small_release

SOURCES = Path(session.__file__).parent
PROGRAM = """#!/bin/sh
echo "${{0##*/}} $*" >> '{calls}'
{body}
"""


@pytest.fixture
def bin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Puts a program first on the PATH; it notes its calls in `calls`."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")

    def add(name: str, body: str) -> None:
        (tmp_path / "bin" / name).write_text(PROGRAM.format(calls=tmp_path / "calls", body=body))
        (tmp_path / "bin" / name).chmod(0o755)

    add("systemctl", 'test "$1" != is-active || echo active')
    return add


@pytest.fixture
def place(tmp_path: Path, bin: Callable[[str, str], None]) -> Place:
    (tmp_path / "units").mkdir()
    return Place(tmp_path / "opt", tmp_path / "units")


@pytest.fixture
def locked(place: Place) -> Iterator[Session]:
    session = Session(place)
    session.answer("lock", {"holder": "a test"})
    yield session
    session.end()


def calls(tmp_path: Path) -> list[str]:
    return (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []


@pytest.mark.parametrize("name", [*(function.__name__ for function in CHANGING), "switch", "keep"])
def test_nothing_changes_without_the_lock(place: Place, name: str) -> None:
    with pytest.raises(RefusedError, match=f"{name}: expected `lock` first"):
        Session(place).answer(name, {})
    assert not place.root.exists()


@pytest.mark.parametrize(
    ("name", "values"), [("format", {}), ("releases", {"of": "x"}), ("missing", {}), ("lock", {}), (None, {}), ("switch", {})]
)
def test_a_request_that_is_none(locked: Session, name: Any, values: dict[str, Any]) -> None:
    with pytest.raises(RefusedError):
        locked.answer(name, values)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("switch", {"id": "../../etc"}),
        ("discard", {"id": ".."}),
        ("run", {"id": "../../bin", "arguments": []}),
        ("begin", {"sha256": "../../../etc/cron.d/x", "size": 1}),
        ("append", {"sha256": "../x" + "0" * 60, "payload": b""}),
        ("service", {"name": "../x"}),
        ("logs", {"name": "--all"}),
        ("logs", {"name": "x.service"}),
        ("switch", {"id": "", "service": "../../x"}),
    ],
)
def test_names_that_lead_elsewhere(locked: Session, name: str, values: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match="expected a"):
        locked.answer(name, values)


def test_a_folder_that_is_a_file(place: Place) -> None:
    place.root.write_text("")
    with pytest.raises(RefusedError, match="expected a folder or nothing"):
        Session(place).answer("lock", {"holder": "x"})


def test_current_is_there_at_any_moment(locked: Session, place: Place, tmp_path: Path) -> None:
    both = [put(locked, tmp_path, minute).id for minute in (1, 2)]
    place.point(both[0])
    (place.root / ".current").symlink_to("left over")
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            try:
                seen.add(str(place.current.readlink()))
            except FileNotFoundError:
                seen.add("nothing")

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(50):
            for id in both:
                place.point(id)
    finally:
        over.set()
        looking.join()
    assert seen <= {f"releases/{id}" for id in both}


def test_a_switch_installs_the_unit_and_restarts(locked: Session, place: Place, tmp_path: Path) -> None:
    old, new = put(locked, tmp_path, 1), put(locked, tmp_path, 2)
    locked.answer("switch", {"id": old.id, "service": "edge-asr"})
    assert locked.answer("switch", {"id": new.id, "service": "edge-asr"}) == {"previous": old.id, "active": True, "said": ""}
    assert (place.units / "edge-asr.service").read_text() == "[Unit]\nDescription=release 2\n"
    unit = "edge-asr.service"
    told = ("daemon-reload", f"enable {unit}", f"reset-failed {unit}", f"restart {unit}", f"is-active {unit}")
    once = [f"systemctl {what}" for what in told]
    assert calls(tmp_path) == 2 * once


@pytest.mark.parametrize(
    ("body", "ready_s", "said"),
    [
        ('test "$1" = restart && { echo "Job failed, see journal" >&2; exit 1; }; exit 0', 120, "Job failed, see journal"),
        ('test "$1" = is-active && echo activating; exit 0', 120, ""),
        ('test "$1" = restart && sleep 1000; test "$1" != is-active || echo active', 0.5, ""),
    ],
    ids=["fails", "not up", "never ready"],
)
def test_a_service_that_does_not_come_up(locked: Session, tmp_path: Path, bin: Any, body: str, ready_s: float, said: str) -> None:
    bin("systemctl", body)
    release = put(locked, tmp_path, 1)
    answer = locked.answer("switch", {"id": release.id, "service": "edge-asr", "ready_s": ready_s})
    assert (answer["active"], answer["said"]) == (False, said)


def test_a_release_on_trial(locked: Session, place: Place, tmp_path: Path) -> None:
    old, new = put(locked, tmp_path, 1), put(locked, tmp_path, 2)
    locked.answer("switch", {"id": old.id, "service": "edge-asr"})
    locked.answer("switch", {"id": new.id, "service": "edge-asr", "trial": True})
    locked.end()
    assert place.current_id() == old.id
    assert "release 1" in (place.units / "edge-asr.service").read_text()
    assert calls(tmp_path)[-2] == "systemctl restart edge-asr.service"
    locked.answer("switch", {"id": new.id, "service": "edge-asr", "trial": True})
    locked.answer("keep", {})
    locked.end()
    assert place.current_id() == new.id


def test_a_switch_for_good_ends_the_trial(locked: Session, place: Place, tmp_path: Path) -> None:
    old, new = put(locked, tmp_path, 1), put(locked, tmp_path, 2)
    locked.answer("switch", {"id": new.id, "trial": True})
    locked.answer("switch", {"id": old.id})
    locked.end()
    assert place.current_id() == old.id


def test_the_first_release_on_trial_leaves_nothing_that_runs(locked: Session, place: Place, tmp_path: Path) -> None:
    locked.answer("switch", {"id": put(locked, tmp_path, 1).id, "service": "edge-asr", "trial": True})
    locked.end()
    assert place.current_id() == ""
    assert calls(tmp_path)[-2:] == ["systemctl disable --now edge-asr.service", "systemctl daemon-reload"]
    assert not list(place.units.iterdir())


def test_the_oldest_go_but_never_what_runs_nor_what_came_before(locked: Session, place: Place, tmp_path: Path) -> None:
    ids = [put(locked, tmp_path, minute).id for minute in range(1, 7)]
    place.point(ids[2])
    assert locked.answer("releases", {}) == {"releases": ids, "current": ids[2], "previous": ids[1]}
    assert locked.answer("prune", {"keep": 4}) == {"removed": [ids[0], ids[3]]}
    assert locked.answer("prune", {"keep": 1}) == {"removed": [ids[4], ids[5]]}
    assert locked.answer("prune", {"keep": 1}) == {"removed": []}
    assert place.ids() == [ids[1], ids[2]]


def test_what_runs_is_not_discarded(locked: Session, place: Place, tmp_path: Path) -> None:
    release = put(locked, tmp_path, 1)
    place.point(release.id)
    with pytest.raises(RefusedError, match="is the one that runs"):
        locked.answer("discard", {"id": release.id})
    place.point("")
    locked.answer("discard", {"id": release.id})
    assert list(place.releases.iterdir()) == []


def test_remove_leaves_the_empty_folder(locked: Session, place: Place, tmp_path: Path) -> None:
    locked.answer("switch", {"id": put(locked, tmp_path, 1).id, "service": "edge-asr"})
    locked.answer("remove", {"service": "edge-asr"})
    assert [path.name for path in place.root.iterdir()] == [".lock"]
    assert "systemctl disable --now edge-asr.service" in calls(tmp_path)
    assert not list(place.units.iterdir())


def test_a_release_that_is_not_what_it_says_is_not_named(locked: Session, place: Place, tmp_path: Path) -> None:
    release = small_release(tmp_path / "release", 1)
    (release.path / "settings.json").write_bytes(b"[]")  # as large as it was
    description = (release.path / "release.json").read_text()
    lying = json.loads(description)
    lying["files"]["settings.json"]["sha256"] = hashlib.sha256(b"[]").hexdigest()
    (release.path / "release.json").write_text(json.dumps(lying))
    sha256 = make_archive(read_release(release.path), release.files, tmp_path / "archive")
    locked.answer("begin", {"sha256": sha256, "size": 1000})
    locked.answer("append", {"sha256": sha256, "payload": (tmp_path / "archive").read_bytes()})
    locked.answer("complete", {"sha256": sha256})
    with pytest.raises(RefusedError, match=r"settings\.json is not what"):
        locked.answer("unpack", {"release": description, "sha256": sha256})
    assert list(place.releases.iterdir()) == []


def test_a_release_that_is_damaged_on_the_board_is_not_taken_for_good(locked: Session, place: Place, tmp_path: Path) -> None:
    release = put(locked, tmp_path, 1)
    (place.releases / release.id / "settings.json").write_bytes(b"[]")
    with pytest.raises(RefusedError, match=r"settings\.json is not what"):
        locked.answer("unpack", {"release": (release.path / "release.json").read_text()})


def test_what_was_broken_off_is_cleared_away(locked: Session, place: Place, tmp_path: Path) -> None:
    (place.releases / "20250131T140502Z-1f0e94c2.part" / "site").mkdir(parents=True)
    put(locked, tmp_path, 1)
    assert not list(place.releases.glob("*.part"))


def test_32_bit_programs_on_a_64_bit_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.platform, "machine", lambda: "aarch64")
    assert machine() == "aarch64"
    monkeypatch.setattr(system.struct, "calcsize", lambda _: 4)
    assert machine() == "armv7l"


def test_a_system_without_dpkg_misses_no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert missing_packages(["no-such-package"]) == []


def test_a_command_is_ended_with_its_children() -> None:
    for limit_s in (0.5, 10, 100):  # a busy machine may not come to its first word at once
        code, out, _ = run_command(["sh", "-c", "echo begun; sleep 1000 & wait"], limit_s)
        if out:
            break
    assert (code, out) == (124, "begun\n")  # a child that lives on holds the pipe, and this never ends


def test_a_user_who_may_not_be_root(
    locked: Session, place: Place, tmp_path: Path, bin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = put(locked, tmp_path, 1), put(locked, tmp_path, 2)
    place.point(old.id)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    bin("sudo", "echo 'sudo: a password is required' >&2; exit 1")
    with pytest.raises(RefusedError, match=r"use sudo without a password.*visudo"):
        switch(place, new.id, "edge-asr")
    assert place.current_id() == old.id  # refused while nothing was changed
    assert calls(tmp_path) == ["sudo -n true"]
    bin("sudo", 'shift; exec "$@"')
    assert switch(place, new.id, "edge-asr")["active"]
    assert "sudo -n systemctl restart edge-asr.service" in calls(tmp_path)


AS_NOBODY = """
import os, sys
sys.path.insert(0, {package!r})
from pathlib import Path
from edge_asr.deploy.agent.place import Place
from edge_asr.deploy.agent.system import RefusedError
os.setuid(65534)
try:
    Place(Path("opt"), Path("units")).make()
except RefusedError as err:
    print(err)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody who may not write")
def test_a_folder_that_this_user_may_not_write_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    script = [sys.executable, "-c", AS_NOBODY.format(package=str(SOURCES.parents[2]))]
    done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.startswith("install -d needs root: expected that nobody may use sudo"), done.stderr
    (tmp_path / "opt").mkdir(mode=0o755)
    done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True)
    assert "expected a folder that nobody may write to; sudo chown nobody" in done.stdout, done.stderr


def test_a_folder_that_sudo_makes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("below /opt")

    monkeypatch.setattr(Path, "mkdir", refuse)
    place.make()
    assert (place.root.stat().st_uid, place.root.stat().st_mode & 0o777) == (os.getuid(), 0o755)
