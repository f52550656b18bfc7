"""Releases brought to a board over a real SSH connection: what stays, what goes back, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest

from edge_asr.deploy.connection import Board
from edge_asr.deploy.deploy import deploy_release, remove_releases, roll_back
from edge_asr.deploy.outcome import Outcome
from edge_asr.deploy.status import look_at, read_logs, status_text
from tests.deploy.deployments import FAILS, QUICK, Script, current, errand_to, release_for_here, releases, target_for
from tests.deploy.sshd import SshServer

STEPS = ["connect", "check", "lock", "send", "selftest", "switch", "watch", "prune"]


def test_first_install(ssh_server: SshServer, tmp_path: Path) -> None:
    script = Script()
    release = release_for_here(tmp_path)
    outcome = deploy_release(release, errand_to(ssh_server, script))
    assert outcome == Outcome(ssh_server.host, release.id, release.id)
    assert script.steps() == STEPS
    assert current(ssh_server) == release.id
    assert (ssh_server.units / "edge-asr.service").read_bytes() == (release.path / "edge-asr.service").read_bytes()
    changes = [call.split()[1:] for call in ssh_server.calls() if call.startswith("systemctl") and "show" not in call]
    unit = "edge-asr.service"
    assert changes == [["daemon-reload"], ["enable", unit], ["reset-failed", unit], ["restart", unit], ["is-active", unit]]
    assert script.found("lock") == "nothing runs there yet"
    assert script.found("selftest") == "clip: 3 events"


def test_an_upgrade_sends_only_what_is_new(ssh_server: SshServer, tmp_path: Path) -> None:
    script = Script()
    first, second = release_for_here(tmp_path, 0), release_for_here(tmp_path, 1, new=b"new")
    deploy_release(first, errand_to(ssh_server))
    assert deploy_release(second, errand_to(ssh_server, script)).ok
    assert current(ssh_server) == second.id
    assert script.found("lock") == f"runs {first.id}"
    assert script.found("send").startswith("2 files were new")  # site/new and the unit, which says the minute
    assert (ssh_server.units / "edge-asr.service").read_bytes() == (second.path / "edge-asr.service").read_bytes()


@pytest.mark.parametrize("upgrade", [False, True])
def test_a_release_that_fails_its_self_test_never_runs(ssh_server: SshServer, tmp_path: Path, upgrade: bool) -> None:
    before = release_for_here(tmp_path, 0)
    if upgrade:
        deploy_release(before, errand_to(ssh_server))
    calls = len([call for call in ssh_server.calls() if "restart" in call])
    bad = release_for_here(tmp_path, 1, launcher=FAILS)
    outcome = deploy_release(bad, errand_to(ssh_server))
    assert (outcome.failed_step, outcome.rolled_back) == ("selftest", False)
    assert outcome.problem == "clip: expected yes at 1.2 s, found nothing (try other kernels)"
    assert outcome.running == current(ssh_server) == (before.id if upgrade else "")
    assert releases(ssh_server) == ([before.id] if upgrade else [])  # a later rollback must not find it
    assert len([call for call in ssh_server.calls() if "restart" in call]) == calls


@pytest.mark.parametrize(
    ("marker", "step", "said"),
    [
        ("no_start", "switch", "edge-asr did not come up: Job for edge-asr.service failed."),
        ("dies", "watch", "edge-asr came up and ended again (failed)"),
    ],
)
@pytest.mark.parametrize("upgrade", [False, True])
def test_a_release_whose_service_fails_goes_back(
    ssh_server: SshServer, tmp_path: Path, marker: str, step: str, said: str, upgrade: bool
) -> None:
    before = release_for_here(tmp_path, 0)
    if upgrade:
        deploy_release(before, errand_to(ssh_server))
    bad = release_for_here(tmp_path, 1, **{marker: b""})
    outcome = deploy_release(bad, errand_to(ssh_server))
    assert (outcome.failed_step, outcome.rolled_back) == (step, True)
    assert outcome.problem.startswith(said)
    assert "edge-asr[17]: listening" in outcome.problem  # the journal
    assert outcome.running == current(ssh_server) == (before.id if upgrade else "")
    assert releases(ssh_server) == ([before.id] if upgrade else [])
    unit = ssh_server.units / "edge-asr.service"
    assert unit.exists() == upgrade
    if upgrade:
        assert unit.read_bytes() == (before.path / "edge-asr.service").read_bytes()
        assert [call for call in ssh_server.calls() if "restart" in call] == ["systemctl restart edge-asr.service"] * 3


def test_a_board_that_does_not_fit_is_left_as_it_is(ssh_server: SshServer, tmp_path: Path) -> None:
    outcome = deploy_release(replace(release_for_here(tmp_path), machine="armv7l"), errand_to(ssh_server))
    assert (outcome.failed_step, outcome.running) == ("check", "")
    assert outcome.problem.startswith("expected a board with armv7l")
    assert not ssh_server.folder.exists()


def test_the_second_of_two_is_refused_or_waits(ssh_server: SshServer, tmp_path: Path) -> None:
    with Board(ssh_server.host, **ssh_server.board) as other:
        other.call("lock", holder="workstation two")
        outcome = deploy_release(release_for_here(tmp_path), errand_to(ssh_server, pace=replace(QUICK, lock_s=0)))
        assert outcome.failed_step == "lock"
        assert "workstation two since" in outcome.problem
        assert "--wait" in outcome.problem
        leaving = Timer(1.0, lambda: other.__exit__(None, None, None))  # while the second one waits
        assert deploy_release(release_for_here(tmp_path), errand_to(ssh_server, Script(lock=leaving.start))).ok
        leaving.join()


def test_old_releases_go(ssh_server: SshServer, tmp_path: Path) -> None:
    made = [release_for_here(tmp_path, minute) for minute in range(4)]
    for release in made[:3]:
        assert deploy_release(release, errand_to(ssh_server)).ok
    assert releases(ssh_server) == [release.id for release in made[:3]]  # the target's `keep`
    script = Script()
    assert deploy_release(made[3], errand_to(ssh_server, script), keep=2).ok
    assert releases(ssh_server) == [release.id for release in made[2:]]
    assert script.found("prune") == f"removed {made[0].id}, {made[1].id}"


def test_rolling_back_again_goes_further_back(ssh_server: SshServer, tmp_path: Path) -> None:
    made = [release_for_here(tmp_path, minute) for minute in range(3)]
    for release in made:
        deploy_release(release, errand_to(ssh_server))
    for release in (made[1], made[0]):
        outcome = roll_back(errand_to(ssh_server))
        assert outcome.ok
        assert outcome.running == current(ssh_server) == release.id
    last = roll_back(errand_to(ssh_server))
    assert last.failed_step == "find"
    assert last.problem == f"expected a release before {made[0].id}, found none"
    assert (last.running, last.rolled_back) == (made[0].id, False)


def test_a_rollback_to_what_does_not_come_up_returns(ssh_server: SshServer, tmp_path: Path) -> None:
    made = [release_for_here(tmp_path, minute) for minute in range(2)]
    for release in made:
        deploy_release(release, errand_to(ssh_server))
    (ssh_server.folder / "releases" / made[0].id / "site" / "no_start").touch()
    outcome = roll_back(errand_to(ssh_server))
    assert (outcome.failed_step, outcome.rolled_back) == ("switch", True)
    assert outcome.running == current(ssh_server) == made[1].id
    assert releases(ssh_server) == [release.id for release in made]


def test_what_is_seen_and_removed(ssh_server: SshServer, tmp_path: Path) -> None:
    release, target = release_for_here(tmp_path), target_for(ssh_server)
    deploy_release(release, errand_to(ssh_server))
    status = look_at(target, ssh_server.host)
    assert (status.running, status.releases, status.problem) == (release.id, (release.id,), "")
    assert f"runs release {release.id}\n  service   active (running), 61.0 MB, 3 events\n" in status_text([status])
    assert read_logs(target, ssh_server.host, 7).text.endswith("edge-asr[17]: listening")
    assert ssh_server.calls()[-1].startswith("journalctl --unit=edge-asr.service --lines=7 ")
    script = Script()
    assert remove_releases(errand_to(ssh_server, script)) == Outcome(ssh_server.host, "", "")
    assert script.steps() == ["connect", "lock", "remove"]
    assert (releases(ssh_server), current(ssh_server)) == ([], "")
    assert "systemctl disable --now edge-asr.service" in ssh_server.calls()
    assert not (ssh_server.units / "edge-asr.service").exists()
    assert deploy_release(release, errand_to(ssh_server)).ok


def test_a_host_that_does_not_answer(ssh_server: SshServer, tmp_path: Path) -> None:
    ssh_server.stop()
    outcome = deploy_release(release_for_here(tmp_path), errand_to(ssh_server))
    assert (outcome.failed_step, outcome.running) == ("connect", None)
    status = look_at(target_for(ssh_server), ssh_server.host)
    log = read_logs(target_for(ssh_server), ssh_server.host, 9)
    assert status.problem == log.problem != ""
    assert "not known: " in status_text([status])
