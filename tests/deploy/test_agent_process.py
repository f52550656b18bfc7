"""The agent as a process: what of it is sent, what it answers, and what is given back when it ends."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_asr.deploy.agent import session
from edge_asr.deploy.agent.place import Place
from edge_asr.deploy.agent.session import Session
from edge_asr.deploy.send_agent import _START, MODULES, agent_source
from tests.deploy.local_agent import Process, put, request_line

SOURCES = Path(session.__file__).parent


@pytest.mark.parametrize("name", MODULES)
def test_the_agent_is_for_python_3_9_and_its_library_alone(name: str) -> None:
    tree = ast.parse((SOURCES / f"{name}.py").read_text(), feature_version=(3, 9))
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    outside = [node for node in imports if not (isinstance(node, ast.ImportFrom) and node.level == 1)]
    names = {alias.name if isinstance(node, ast.Import) else str(node.module) for node in outside for alias in node.names}
    assert {whole.split(".")[0] for whole in names} <= sys.stdlib_module_names
    before = MODULES[: MODULES.index(name)]
    assert all(node.module in before for node in imports if isinstance(node, ast.ImportFrom) and node.level == 1)


def test_all_of_the_agent_is_sent() -> None:
    assert {path.stem for path in SOURCES.glob("*.py")} == {"__init__", *MODULES}


def test_an_old_python_is_told_what_is_needed() -> None:
    program = f"import sys; sys.version_info = (3, 7, 3)\n{_START}"
    done = subprocess.run([sys.executable, "-c", program], input=agent_source(), capture_output=True)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.strip() == b"python3 is 3.7 there, the agent needs 3.9 or newer"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(before: str = "", first: bytes = b"") -> Process:
        started.append(Process(tmp_path, before, first))
        return started[-1]

    yield start
    for one in started:
        if one.process.stdin is not None and not one.process.stdin.closed:
            one.process.communicate(timeout=120)


def test_requests_and_answers(process: Callable[..., Process], tmp_path: Path) -> None:
    agent = process()
    assert agent.ask("releases") == {"ok": {"releases": [], "current": "", "previous": ""}}
    assert agent.ask("lock", holder="me") == {"ok": {}}
    assert agent.ask("begin", sha256="0" * 64, size=5) == {"ok": {"received": 0, "whole": False}}
    assert agent.ask("append", b"12\n45", sha256="0" * 64, bytes=5) == {"ok": {"received": 5}}
    assert (tmp_path / "a folder" / "incoming" / ("0" * 64 + ".part")).read_bytes() == b"12\n45"
    assert agent.wait() == 0


def test_a_piece_that_is_cut_is_not_kept(process: Callable[..., Process], tmp_path: Path) -> None:
    agent = process()
    agent.ask("lock", holder="me")
    agent.ask("begin", sha256="0" * 64, size=9)
    agent.send(request_line("append", sha256="0" * 64, bytes=9) + b"half")
    assert agent.wait() == 0
    assert list((tmp_path / "a folder" / "incoming").iterdir()) == []


def test_the_lock_goes_with_the_process_however_it_ends(process: Callable[..., Process]) -> None:
    first, second = process(), process()
    first.ask("lock", holder="ada@desk")
    assert "ada@desk since 20" in second.ask("lock", holder="bob@desk")["error"]
    first.process.kill()
    assert second.ask("lock", holder="bob@desk", wait_s=120) == {"ok": {}}


def test_a_silent_connection_gives_its_lock_back(process: Callable[..., Process]) -> None:
    # What is asked is there before the silence is timed: else a busy machine might be too late with it.
    second, first = process(), process("module.IDLE_S = 3", request_line("lock", holder="ada@desk"))
    assert first.answer() == {"ok": {}}
    assert second.ask("lock", holder="bob@desk", wait_s=120) == {"ok": {}}
    assert first.wait() == 128 + signal.SIGALRM


def test_a_request_may_take_longer_than_a_silence(process: Callable[..., Process], tmp_path: Path) -> None:
    other = process()
    other.ask("lock", holder="me")
    agent = process("module.IDLE_S = 3", request_line("lock", holder="me", wait_s=3.5))
    assert "another deployment" in agent.answer()["error"]


def test_folders_are_readable_by_the_service_s_user(process: Callable[..., Process], tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        process().ask("lock", holder="me")
    finally:
        os.umask(before)
    assert (tmp_path / "a folder").stat().st_mode & 0o777 == 0o755


def test_a_release_on_trial_goes_when_the_agent_is_ended(process: Callable[..., Process], tmp_path: Path) -> None:
    place = Place(tmp_path / "a folder", tmp_path / "units")
    session = Session(place)
    session.answer("lock", {"holder": "a test"})
    old, new = put(session, tmp_path, 1), put(session, tmp_path, 2)
    session.answer("switch", {"id": old.id})
    session.end()
    for end in (signal.SIGTERM, signal.SIGHUP):
        agent = process()
        agent.ask("lock", holder="me", wait_s=120)
        assert agent.ask("switch", id=new.id, trial=True) == {"ok": {"previous": old.id, "active": False, "said": ""}}
        assert place.current_id() == new.id
        agent.process.send_signal(end)
        assert agent.wait() == 128 + end
        assert place.current_id() == old.id
