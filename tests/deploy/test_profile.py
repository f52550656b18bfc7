"""Profiles: what is measured on a board, kept, and compared."""

from __future__ import annotations

import json
import platform
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from edge_asr.bundle.store import Bundle
from edge_asr.config import to_table
from edge_asr.deploy.connection import Board
from edge_asr.deploy.profile import Measurement, Profile, profile_machine
from edge_asr.deploy.profile_file import MOST_PROFILES, History, keep_profile, read_history
from edge_asr.deploy.profile_text import profile_text
from edge_asr.deploy.target import load_target
from edge_asr.deploy.this_machine import ThisMachine
from edge_asr.errors import DeployError
from edge_asr.runtime.board import Budgets
from tests.deploy.small_release import small_release
from tests.deploy.sshd import SshServer

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


class FakeBoard:
    """Answers as a board with `bundle` would, on which bench costs the same each time and `broken` accelerators fail."""

    def __init__(self, bundle: Bundle, *, broken: Sequence[str] = (), says: str | None = None) -> None:
        self.bundle, self.broken, self.says = bundle, broken, says
        self.runs: list[list[str]] = []

    def call(self, request: str, **values: Any) -> dict[str, Any]:
        if request == "probe":
            return {"machine": "aarch64", "python": "3.11", "glibc": "2.36", "current": "20250131T120000Z-01234567"}
        self.runs.append(values["arguments"])
        command, *options = values["arguments"]
        if command == "--version":
            return {"code": 0, "out": "edge-asr 0.1.0\n", "err": ""}
        if command == "info":
            return {"code": 0, "out": json.dumps(to_table(self.bundle.manifest)), "err": ""}
        return self._bench(dict(option.lstrip("-").partition("=")[::2] for option in options))

    def _bench(self, options: dict[str, str]) -> dict[str, Any]:
        accelerator = options.get("delegate", "cpu")
        if accelerator in self.broken:
            return {"code": 2, "out": "", "err": f"warning\nedge-asr: error: {accelerator} is not there\n"}
        about = {"package": "ai-edge-litert", "version": "2.3.0", "accelerator": accelerator}
        one = {"interpreter": about, "cpu_seconds_per_hour": 36.0, "step_time": {"p50": 1.5, "p95": 2.5}}
        table = {"forms": [one], "start": {"seconds": 0.75, "resident_mb": None if options["form"] == "window" else 55.0}}
        return {"code": 0, "out": json.dumps(table) if self.says is None else self.says, "err": ""}


def measured(form: str, **values: Any) -> Measurement:
    usual = {"ran": "cpu", "interpreter": "ai-edge-litert 2.3.0", "cpu_percent": 1.0, "step_p50_ms": 1.5, "step_p95_ms": 2.5}
    return Measurement(form, "cpu", **{**usual, "start_s": 0.75, "resident_mb": 55.0, **values})


def profile(*measurements: Measurement, **values: Any) -> Profile:
    about = {"date": "2025-01-31T12:00:00+00:00", "bundle": "forms", "edge_asr": "0.1.0", "machine": "aarch64"}
    return Profile(**{**about, "python": "3.11", "glibc": "2.36", "release": "", "measurements": measurements, **values})


def test_each_form_is_measured_as_the_target_runs_it(tiny_forms: Bundle) -> None:
    board = FakeBoard(tiny_forms)
    found = profile_machine(board, load_target("pi4", ["run.threads=2", "run.kernels=builtin"]), "/opt/b", expected=tiny_forms)
    same = {"threads": 2, "kernels": "builtin"}
    assert found.measurements == (measured("stream", **same), measured("window", **same, resident_mb=0.0))
    assert (found.bundle, found.edge_asr, found.machine, found.glibc) == ("forms", "0.1.0", "aarch64", "2.36")
    assert found.release == "20250131T120000Z-01234567"
    benches = [run for run in board.runs if run[0] == "bench"]
    assert benches[0] == ["bench", "--bundle=/opt/b", "--json", "--form=stream", "--threads=2", "--kernels=builtin"]


def test_an_accelerator_is_measured_beside_the_cpu_and_without_its_fallback(tiny_forms: Bundle) -> None:
    board = FakeBoard(tiny_forms)
    found = profile_machine(board, load_target("pi5-gpu"), "/opt/b")
    assert [(one.form, one.asked, one.ran) for one in found.measurements] == [
        ("window", "gpu", "gpu"),
        ("stream", "cpu", "cpu"),
        ("window", "cpu", "cpu"),
    ]
    assert not [run for run in board.runs if "--fallback" in run]


def test_an_accelerator_that_fails_does_not_end_it(tiny_forms: Bundle) -> None:
    found = profile_machine(FakeBoard(tiny_forms, broken=["gpu"]), load_target("pi5-gpu"), "/opt/b")
    assert found.measurements[0] == Measurement("window", "gpu", failed="edge-asr: error: gpu is not there")
    assert [one.failed for one in found.measurements[1:]] == ["", ""]
    assert "failed: window on gpu: edge-asr: error: gpu is not there" in profile_text(found, Budgets(), None)


def test_another_bundle_there_is_an_error(tiny_forms: Bundle, tiny_bundle: Bundle) -> None:
    with pytest.raises(DeployError, match="to be deployed there, found another 'forms': invoke deploy"):
        profile_machine(FakeBoard(tiny_forms), load_target("pi4"), "/opt/b", expected=tiny_bundle)


@pytest.mark.parametrize("says", ["", "{}", "[]", '{"forms": [], "start": {}}', '{"forms": [{}], "start": {"seconds": 1}}'])
def test_an_answer_that_is_none_is_an_error(tiny_forms: Bundle, says: str) -> None:
    with pytest.raises(DeployError, match="expected the answer of edge-asr bench --json"):
        profile_machine(FakeBoard(tiny_forms, says=says), load_target("pi4"), "/opt/b")


def test_progress_names_what_is_measured(tiny_forms: Bundle) -> None:
    said: list[tuple[str, int, int]] = []
    profile_machine(
        FakeBoard(tiny_forms), load_target("pi4"), "/b", progress=lambda what, done, total: said.append((what, done, total))
    )
    assert said == [("stream on cpu", 0, 2), ("window on cpu", 1, 2), ("measured", 2, 2)]


def test_profiles_are_kept_the_newest_last(tmp_path: Path) -> None:
    path = tmp_path / "boards" / "pi4.json"
    assert read_history(path, "pi4") == History("pi4")
    many = History("pi4", tuple(profile(date=f"day {day}") for day in range(MOST_PROFILES)))
    keep_profile(path, many, profile(measured("stream"), date="today"))
    kept = read_history(path, "pi4")
    assert (len(kept.profiles), kept.profiles[0].date) == (MOST_PROFILES, "day 1")
    assert kept.profiles[-1] == profile(measured("stream"), date="today")
    assert [entry.name for entry in path.parent.iterdir()] == ["pi4.json"]


def test_the_last_profile_is_of_the_same_bundle() -> None:
    first, other, second = profile(date="1"), profile(date="2", bundle="other"), profile(date="3")
    history = History("pi4", (first, second, other))
    assert history.last("forms") == second
    assert history.last("other") == other
    assert history.last("none") is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"target": "pi4", "profiles": [{}]}', b"[" * 5000])
def test_a_damaged_history_is_not_written_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pi4.json").write_bytes(content)
    with pytest.raises(DeployError, match=r"pi4\.json: expected the profiles of pi4, found: .*move it away"):
        read_history(tmp_path / "pi4.json", "pi4")


def test_the_history_of_another_target_is_refused(tmp_path: Path) -> None:
    keep_profile(tmp_path / "pi4.json", History("pi3"), profile())
    with pytest.raises(DeployError, match="found those of pi3"):
        read_history(tmp_path / "pi4.json", "pi4")


def test_the_table_compares_with_the_last_time_and_the_budgets() -> None:
    last = profile(measured("stream", cpu_percent=2.0, resident_mb=0.0), date="2025-01-01T00:00:00+00:00")
    now = profile(measured("stream"), measured("window", step_p95_ms=21.0, resident_mb=0.0), release="now-1")
    text = profile_text(now, Budgets(cpu_percent=10, step_p95_ms=20, resident_mb=100), last)
    heading, titles, stream, window, budget, excess, against = text.splitlines()
    assert heading.startswith("forms: release now-1, edge-asr 0.1.0, ai-edge-litert 2.3.0; aarch64, Python 3.11, glibc 2.36;")
    assert titles.split()[:6] == ["form", "on", "CPU", "of", "a", "core"]
    assert stream.split()[:2] == ["stream", "cpu"]
    assert "1 % (-50 %)" in stream
    assert "2.5 ms (+0 %)" in stream
    assert "55 MB" in stream
    assert "55 MB (" not in stream  # it was not told the last time
    assert "not told" in window
    assert "(" not in window  # the last time there was no such form
    assert budget.split() == ["budget", "10", "%", "-", "20", "ms", "100", "MB", "-"]
    assert excess == "over budget: window on cpu: 21 ms, budget 20"
    assert against == "in brackets: against 2025-01-01T00:00:00+00:00"


def test_the_first_profile_has_nothing_to_compare_with() -> None:
    text = profile_text(profile(measured("stream", cpu_percent=99.0)), Budgets(), None)
    assert "(" not in text
    assert "over budget" not in text
    assert text.endswith("no earlier profile of this bundle")


def test_other_threads_are_not_compared() -> None:
    text = profile_text(profile(measured("stream", threads=2)), Budgets(), profile(measured("stream")))
    assert "%)" not in text


def deployed(server: SshServer, bundle: Bundle, folder: Path) -> None:
    """A release in the server's folder whose launcher is this edge-asr."""
    command = shlex.join([sys.executable, "-m", "edge_asr.cli"])
    release = small_release(folder, launcher=f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {command} "$@"\n')
    place = server.folder / "releases" / release.id
    place.parent.mkdir(parents=True)
    release.path.rename(place)
    (place / "bundle" / "manifest.json").unlink()
    for file in bundle.path.iterdir():
        file.rename(place / "bundle" / file.name)
    (server.folder / "current").symlink_to(place)


def test_a_board_over_ssh(ssh_server: SshServer, tiny_bundle: Bundle, tmp_path: Path) -> None:
    deployed(ssh_server, tiny_bundle, tmp_path / "release")
    target = load_target("x86_64", [f"folder={ssh_server.folder}"])
    with Board(ssh_server.host, **ssh_server.board) as board:
        found = profile_machine(board, target, f"{target.folder}/current/bundle", expected=tiny_bundle)
    (one,) = found.measurements
    assert (one.form, one.ran, one.failed) == ("window", "cpu", "")
    assert min(one.cpu_percent, one.step_p50_ms, one.step_p95_ms, one.start_s, one.resident_mb) > 0
    assert found.release == (ssh_server.folder / "current").resolve().name


def test_this_machine_answers_as_a_board_does(tiny_bundle: Bundle) -> None:
    machine = ThisMachine()
    about, info = machine.call("probe"), machine.call("run", arguments=["info", str(tiny_bundle.path), "--json"])
    assert (about["machine"], about["current"]) == (platform.machine(), "")
    assert (info["code"], json.loads(info["out"])["name"]) == (0, "tiny")
    with pytest.raises(DeployError, match="edge-asr info nowhere --json: expected an answer, found: edge-asr: error"):
        profile_machine(machine, load_target("x86_64"), "nowhere")
