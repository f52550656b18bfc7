"""Fleets: the file, one release a load, several boards at once, and Ctrl-C for all of them."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge_asr.deploy import crew
from edge_asr.deploy.connection import Board
from edge_asr.deploy.crew import at_once
from edge_asr.deploy.fleet import Load, Station, name_boards, read_fleet
from edge_asr.deploy.outcome import Tell
from edge_asr.deploy.release import Release
from edge_asr.deploy.roll_out import pack_loads, roll_out
from edge_asr.deploy.target import Target
from edge_asr.errors import ConfigError, DeployError
from edge_asr.progress import Progress
from tests.deploy.deployments import QUICK, SYSTEMCTL, current, release_for_here
from tests.deploy.sshd import SshServer

FLEET = """
target = "pi4"
[[hosts]]
host = "pi@kitchen"
set = ["audio.device=USB"]
[[hosts]]
host = "pi@attic:2222"
target = "pi5"
bundle = "models/alexa"
"""


def fleet_file(folder: Path, text: str) -> Path:
    (folder / "fleet.toml").write_text(text)
    return folder / "fleet.toml"


def say_nothing(host: str, step: str, text: str) -> None:
    pass


def test_a_board_has_its_own_or_the_fleet_s(tmp_path: Path) -> None:
    file = fleet_file(tmp_path, FLEET)
    kitchen = Station("pi@kitchen", "pi4", "models/commands12", ("audio.device=USB",))
    attic = Station("pi@attic:2222", "pi5", "models/alexa")
    assert read_fleet(file, target="aarch64", bundle="models/commands12") == (kitchen, attic)
    assert read_fleet(file, bundle="models/commands12", only=["pi@attic:2222"]) == (attic,)
    assert attic.load == Load("pi5", "models/alexa")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("target = 'pi4'", "'hosts' is missing"),
        ("hosts = []", "hosts: expected a table"),
        ("[[hosts]]\nhost = 'pi@a'", "pi@a: expected a target"),
        ("[[hosts]]\nhost = 'pi@a'\ntraget = 'pi4'", "unknown key .*traget.* did you mean 'target'"),
        ("target = 'pi4'\n[[hosts]]\nhost = 'pi@a'\n[[hosts]]\nhost = 'pi@a'", "pi@a is there 2 times"),
        ("target = 'pi4'\n[[hosts]]\nhost = '-oProxyCommand=x'", "expected user@board, found '-oProxy"),
        ("target = 'pi4'\n[[hosts]]\nhost = ' '", "expected user@board"),
        ('target = "pi4"\n[[hosts]]\nhost = "a\\nb"', "expected user@board"),
        ("hosts = 3", "must be a list"),
        ("[[hosts", "readable TOML"),
    ],
)
def test_mistakes_in_a_fleet_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_fleet(fleet_file(tmp_path, text))


def test_boards_that_are_not_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected the board pi@hall in it, found pi@attic:2222, pi@kitchen"):
        read_fleet(fleet_file(tmp_path, FLEET), only=["pi@hall"])
    with pytest.raises(ConfigError, match="readable TOML"):
        read_fleet(tmp_path / "none.toml")


def test_boards_of_a_command_line_share_a_load() -> None:
    first, second = name_boards(["pi@a", "pi@b"], "pi4", "models/alexa", ["run.threads=2"])
    assert first.load == second.load == Load("pi4", "models/alexa", ("run.threads=2",))


def target_file(folder: Path, server: SshServer) -> str:
    (folder / "here.toml").write_text(
        f'name = "here"\ndescription = "this machine"\nfolder = "{server.folder}"\n[board]\nmachine = "x86_64"\nglibc = "2.28"\n'
    )
    return str(folder / "here.toml")


def test_one_release_a_load_and_one_outcome_a_board(ssh_server: SshServer, tmp_path: Path) -> None:
    ssh_server.stand_in("systemctl", SYSTEMCTL.format(current=ssh_server.folder / "current"))
    target = target_file(tmp_path, ssh_server)
    packed_for: list[str] = []

    def pack(load: Load, target: Target, folder: Path) -> Release:
        packed_for.append(load.bundle)
        if load.bundle == "damaged":
            raise DeployError("damaged: no such bundle")
        return release_for_here(folder)

    stations = [
        Station(ssh_server.host, target, "good"),
        Station("nobody@127.0.0.1:1", target, "good"),
        Station("pi@unused", target, "damaged"),
    ]
    packed = pack_loads([station.load for station in stations], tmp_path / "releases", pack)
    assert packed_for == ["good", "damaged"]
    said: list[tuple[str, str]] = []
    connect = partial(Board, units=str(ssh_server.units))
    outcomes = roll_out(stations, packed, QUICK, lambda host, step, _: said.append((host, step)), connect=connect)
    assert [(o.host, o.failed_step) for o in outcomes] == [
        (ssh_server.host, ""),
        ("nobody@127.0.0.1:1", "connect"),
        ("pi@unused", "pack"),
    ]
    assert outcomes[2].problem == "damaged: no such bundle"
    release = packed[stations[0].load]
    assert isinstance(release, Release)
    assert outcomes[0].running == current(ssh_server) == release.id
    assert [step for host, step in said if host == ssh_server.host][-1] == "prune"
    assert [step for host, step in said if host != ssh_server.host] == ["connect"]


def test_a_target_that_is_none_ends_it_before_anything_is_packed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a target"):
        pack_loads([Load("pi44", "good")], tmp_path, lambda *_: pytest.fail("packed"))


def test_progress_is_the_sum_of_the_boards() -> None:
    seen: list[tuple[int, int]] = []
    turns = [threading.Event(), threading.Event()]
    turns[0].set()

    def work(host: str, tell: Tell, progress: Progress) -> str:
        turns[int(host)].wait(120)
        progress("sending", 1, 10)
        progress("sending", 2, 10)
        turns[1].set()
        return host

    assert at_once(["0", "1"], work, say_nothing, lambda _, done, total: seen.append((done, total))) == ("0", "1")
    assert seen == [(1, 10), (2, 10), (3, 20), (4, 20)]


def tell_on(tell: Tell) -> None:
    """Work until an interrupt is handed on, or it has taken too long."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        tell("send", "more")


def test_ctrl_c_comes_to_every_board_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work = threading.Barrier(4)
    said: list[tuple[str, str]] = []

    def interrupted(futures: Sequence[Future[str]], timeout: float) -> Any:
        """The calling thread gets it once, while it waits for those that are at work."""
        if not said.count(("", "stop")):
            at_work.wait(120)
            signal.raise_signal(signal.SIGINT)
        return wait(futures, timeout)

    def work(host: str, tell: Tell, progress: Progress) -> str:
        at_work.wait(120)
        try:
            tell_on(tell)
        except KeyboardInterrupt:
            progress("going back", 1, 1)  # does not raise again
            return f"{host} was stopped"
        return f"{host} was not stopped"

    monkeypatch.setattr(crew, "wait", interrupted)
    found = at_once(["a", "b", "c"], work, lambda host, step, _: said.append((host, step)))
    assert found == ("a was stopped", "b was stopped", "c was stopped")
    assert said.count(("", "stop")) == 1


def test_ctrl_c_while_the_boards_are_started() -> None:
    stopped: list[str] = []

    def work(host: str, tell: Tell, progress: Progress) -> None:
        try:
            tell_on(tell)
        except KeyboardInterrupt:
            stopped.append(host)

    class Hosts(list[str]):
        def __iter__(self) -> Iterator[str]:
            yield self[0]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        at_once(Hosts(["a", "b"]), work, say_nothing)
    assert stopped == ["a"]


def test_a_bug_on_one_board_comes_out() -> None:
    def work(host: str, tell: Tell, progress: Progress) -> Any:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        at_once(["a"], work, say_nothing)
