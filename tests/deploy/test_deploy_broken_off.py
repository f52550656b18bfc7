"""Deployments that are broken off: a cut connection, Ctrl-C, a full disk. What ran goes on, and that is what is said."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_asr.deploy.deploy import deploy_release
from edge_asr.deploy.outcome import STOPPED
from tests.deploy.deployments import Script, current, errand_to, release_for_here, releases
from tests.deploy.small_release import noise
from tests.deploy.sshd import SshServer

LARGE = 3 << 20
"""Bytes that no archive makes smaller: three pieces of a transfer."""


def interrupt() -> None:
    raise KeyboardInterrupt


def test_a_transfer_that_was_cut_goes_on(ssh_server: SshServer, tmp_path: Path) -> None:
    before, large = release_for_here(tmp_path, 0), release_for_here(tmp_path, 1, large=noise(LARGE))
    deploy_release(before, errand_to(ssh_server))

    def cut(what: str, done: int, total: int) -> None:
        if done >= 1000:
            ssh_server.cut()

    outcome = deploy_release(large, errand_to(ssh_server), progress=cut)
    assert outcome.failed_step == "send"
    assert "the connection was cut" in outcome.problem
    assert outcome.running == current(ssh_server) == before.id
    assert releases(ssh_server) == [before.id]
    script = Script()
    assert deploy_release(large, errand_to(ssh_server, script)).ok
    assert "2.1 MB sent of 3.1 MB, the rest was there" in script.found("send")
    assert current(ssh_server) == large.id


@pytest.mark.parametrize("upgrade", [False, True])
def test_a_board_that_is_left_alone_on_trial_goes_back_by_itself(ssh_server: SshServer, tmp_path: Path, upgrade: bool) -> None:
    before = release_for_here(tmp_path, 0)
    if upgrade:
        deploy_release(before, errand_to(ssh_server))
    trial = release_for_here(tmp_path, 1, slow=b"")  # the second look must wait until the board has gone back
    outcome = deploy_release(trial, errand_to(ssh_server, Script(watch=ssh_server.cut)))
    assert (outcome.failed_step, outcome.rolled_back) == ("watch", True)
    assert outcome.running == current(ssh_server) == (before.id if upgrade else "")
    unit = ssh_server.units / "edge-asr.service"
    assert unit.exists() == upgrade
    if upgrade:
        assert unit.read_bytes() == (before.path / "edge-asr.service").read_bytes()


def test_a_board_that_is_gone_for_good_is_not_known(ssh_server: SshServer, tmp_path: Path) -> None:
    outcome = deploy_release(release_for_here(tmp_path, 1), errand_to(ssh_server, Script(watch=ssh_server.stop)))
    assert (outcome.failed_step, outcome.running) == ("watch", None)


def test_ctrl_c_at_any_step_leaves_what_ran(ssh_server: SshServer, tmp_path: Path) -> None:
    before, release = release_for_here(tmp_path, 0), release_for_here(tmp_path, 1)
    deploy_release(before, errand_to(ssh_server))
    for step in ("check", "lock", "send", "selftest", "switch", "watch"):
        outcome = deploy_release(release, errand_to(ssh_server, Script(**{step: interrupt})))
        assert (outcome.failed_step, outcome.problem) == (step, STOPPED)
        assert outcome.running == current(ssh_server) == before.id
        assert outcome.rolled_back == (step == "watch")  # nothing had been switched to before
        assert releases(ssh_server) == [before.id]
    assert deploy_release(release, errand_to(ssh_server)).ok


def test_ctrl_c_before_and_behind_the_board_s_work(ssh_server: SshServer, tmp_path: Path) -> None:
    release = release_for_here(tmp_path)
    first = deploy_release(release, errand_to(ssh_server, Script(connect=interrupt)))
    assert (first.failed_step, first.running) == ("connect", None)
    last = deploy_release(release, errand_to(ssh_server, Script(prune=interrupt)))
    assert (last.failed_step, last.running, last.rolled_back) == ("prune", release.id, False)
    assert current(ssh_server) == release.id


@pytest.fixture
def small_disk(ssh_server: SshServer) -> Iterator[Path]:
    """The deployment's folder on a disk of 24 MB."""
    ssh_server.folder.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(ssh_server.folder)], stderr=subprocess.PIPE)
    if mounted.returncode:
        pytest.skip(f"needs root, to mount a small disk: {mounted.stderr.decode().strip()}")
    yield ssh_server.folder
    ssh_server.stop()
    subprocess.run(["umount", "--lazy", str(ssh_server.folder)], check=True)


def test_a_full_disk(ssh_server: SshServer, small_disk: Path, tmp_path: Path) -> None:
    before, large = release_for_here(tmp_path, 0), release_for_here(tmp_path, 1, large=noise(6 << 20))
    assert deploy_release(before, errand_to(ssh_server)).ok
    outcome = deploy_release(large, errand_to(ssh_server))
    assert outcome.failed_step == "send"
    assert "the disk is full" in outcome.problem
    assert outcome.running == current(ssh_server) == before.id
    assert deploy_release(release_for_here(tmp_path, 2), errand_to(ssh_server)).ok
