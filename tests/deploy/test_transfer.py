"""A release on its way to a board: only what is new, from where it was cut off, on disks that fill up."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_asr.deploy.archive import make_archive
from edge_asr.deploy.connection import CHUNK, Board
from edge_asr.deploy.release import Release
from edge_asr.deploy.transfer import Sent, send_release
from edge_asr.errors import DeployError
from edge_asr.progress import Progress, no_progress
from tests.deploy.cutting_proxy import CuttingProxy
from tests.deploy.small_release import noise, small_release
from tests.deploy.sshd import SshServer

SIZE = 4 << 20


@pytest.fixture
def running(ssh_server: SshServer, tmp_path: Path) -> Release:
    """A release that runs on the board already."""
    release = small_release(tmp_path / "running", minute=1)
    with Board(ssh_server.host, **ssh_server.board) as board:
        board.call("lock", holder="first")
        send_release(board, release)
        board.call("switch", id=release.id)
    return release


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """One that takes several pieces to send."""
    return small_release(tmp_path / "release", minute=2, **{"big.bin": noise(SIZE)})


def send(server: SshServer, release: Release, progress: Progress = no_progress, port: int = 0) -> Sent:
    host = f"{server.host.rpartition(':')[0]}:{port}" if port else server.host
    with Board(host, **server.board) as board:
        board.call("lock", holder="a test", wait_s=120)
        return send_release(board, release, progress)


def at_half(do: Callable[[], object]) -> Progress:
    """Do it once, when half of the archive is sent."""
    done: list[object] = []

    def progress(_: str, sent: int, total: int) -> None:
        if sent > total / 2 and not done:
            done.append(do())

    return progress


def assert_runs(server: SshServer, running: Release, *others: Release) -> None:
    """`running` is current and whole, and beside it there are the `others` alone."""
    with Board(server.host, **server.board) as board:
        state = board.call("releases")
        out = board.call("run", arguments=["selftest"])["out"]
    assert state["current"] == running.id
    assert state["releases"] == [running.id, *(other.id for other in others)]
    assert out == f"{server.folder}/releases/{running.id}/edge-asr selftest\n"
    assert not list((server.folder / "releases").glob("*.part"))


def part(server: SshServer) -> Path:
    return next((server.folder / "incoming").glob("*.part"))


def test_a_release_arrives_as_it_was_packed(ssh_server: SshServer, release: Release) -> None:
    seen: list[int] = []
    sent = send(ssh_server, release, lambda what, done, total: seen.append(done))
    there = ssh_server.folder / "releases" / release.id
    for path in [*release.files, "release.json"]:
        assert (there / path).read_bytes() == (release.path / path).read_bytes()
        assert (there / path).stat().st_mode & 0o777 == (0o755 if path == "edge-asr" else 0o644)
    assert sent == Sent(len(release.files), sent.size, sent.size)
    assert seen == [*range(0, sent.size, CHUNK), sent.size]
    assert not (ssh_server.folder / "incoming").exists()


def test_an_upgrade_sends_only_what_is_new(ssh_server: SshServer, running: Release, tmp_path: Path) -> None:
    upgrade = small_release(tmp_path / "upgrade", minute=2, **{"new.py": b"new = True\n"})
    sent = send(ssh_server, upgrade)
    assert sent.files == 2  # new.py, and the unit, which names the minute
    old, new = (ssh_server.folder / "releases" / id / "site" / "common.py" for id in (running.id, upgrade.id))
    assert old.samefile(new)
    assert_runs(ssh_server, running, upgrade)


def test_a_release_that_is_there_is_not_sent(ssh_server: SshServer, running: Release) -> None:
    assert send(ssh_server, running) == Sent(0, 0, 0)


def test_a_release_that_differs_in_its_time_alone_sends_nothing(ssh_server: SshServer, running: Release, tmp_path: Path) -> None:
    again = small_release(tmp_path / "again", minute=1, second=30)
    assert again.id != running.id
    assert send(ssh_server, again) == Sent(0, 0, 0)
    assert_runs(ssh_server, running, again)


def test_a_damaged_file_on_the_board_is_not_taken_over(ssh_server: SshServer, running: Release, tmp_path: Path) -> None:
    (ssh_server.folder / "releases" / running.id / "site" / "common.py").write_bytes(b"common = Bad_\n")
    upgrade = small_release(tmp_path / "upgrade", minute=2)
    assert send(ssh_server, upgrade).files == 2  # common.py and the unit
    assert (ssh_server.folder / "releases" / upgrade.id / "site" / "common.py").read_bytes() == b"common = True\n"


def test_archives_of_the_same_files_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = set()
    for minute in (1, 2):
        release = small_release(tmp_path / str(minute), minute=minute)
        os.utime(release.path / "settings.json", (minute, minute))
        monkeypatch.setattr(time, "time", lambda now=minute * 1000.0: now)
        paths = sorted(set(release.files) - {"edge-asr.service"}, reverse=minute == 1)
        hashes.add(make_archive(release, paths, tmp_path / f"{minute}.tar.gz"))
    assert len(hashes) == 1


def test_a_connection_that_is_cut_goes_on_from_there(ssh_server: SshServer, running: Release, release: Release) -> None:
    wire = CuttingProxy(ssh_server.port, cut_after=SIZE // 2)
    ssh_server.know(wire.port)
    with pytest.raises(DeployError, match="append: the connection was cut"):
        send(ssh_server, release, port=wire.port)
    assert_runs(ssh_server, running)
    kept, before = part(ssh_server).stat().st_size, wire.sent
    assert kept >= SIZE // 2 - 2 * CHUNK  # all that was confirmed, of what is neither request nor agent
    wire.cut_after = None
    sent = send(ssh_server, release, port=wire.port)
    wire.close()
    assert sent.sent == sent.size - kept
    assert wire.sent - before < sent.sent + 200_000  # the agent, the requests and SSH's own come with it
    assert_runs(ssh_server, running, release)


def test_a_release_that_is_packed_again_goes_on_too(ssh_server: SshServer, release: Release, tmp_path: Path) -> None:
    with pytest.raises(DeployError):
        send(ssh_server, release, at_half(ssh_server.cut))
    again = small_release(tmp_path / "again", minute=2, second=30, **{"big.bin": noise(SIZE)})
    sent = send(ssh_server, again)
    assert again.id != release.id
    assert sent.sent < sent.size / 2


def test_a_part_that_does_not_fit_is_thrown_away(ssh_server: SshServer, release: Release) -> None:
    with pytest.raises(DeployError):
        send(ssh_server, release, at_half(ssh_server.cut))
    kept = part(ssh_server).stat().st_size
    part(ssh_server).write_bytes(bytes(kept))
    sent = send(ssh_server, release)
    assert sent.sent == 2 * sent.size - kept
    assert (ssh_server.folder / "releases" / release.id).is_dir()


def test_a_part_that_is_too_long_is_thrown_away(ssh_server: SshServer, release: Release) -> None:
    with pytest.raises(DeployError):
        send(ssh_server, release, at_half(ssh_server.cut))
    part(ssh_server).write_bytes(bytes(2 * SIZE))
    sent = send(ssh_server, release)
    assert sent.sent == sent.size


def test_what_is_damaged_on_the_way_is_sent_twice_and_no_more(ssh_server: SshServer, tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(b"not what the hash says")
    with Board(ssh_server.host, **ssh_server.board) as board:
        board.call("lock", holder="a test")
        with pytest.raises(DeployError, match="damaged twice"):
            board.put(tmp_path / "archive", "0" * 64)
    assert list((ssh_server.folder / "incoming").iterdir()) == []


def test_another_archive_s_part_goes(ssh_server: SshServer, release: Release, tmp_path: Path) -> None:
    with pytest.raises(DeployError):
        send(ssh_server, release, at_half(ssh_server.cut))
    other = small_release(tmp_path / "other", minute=3, **{"big.bin": noise(SIZE, seed=1)})
    with pytest.raises(DeployError):
        send(ssh_server, other, at_half(ssh_server.cut))
    assert len(list((ssh_server.folder / "incoming").iterdir())) == 1


@pytest.mark.parametrize("content", [noise(SIZE, seed=1), b"shorter"])
def test_a_file_that_changed_since_it_was_packed(
    ssh_server: SshServer, running: Release, release: Release, content: bytes
) -> None:
    (release.path / "site" / "big.bin").write_bytes(content)
    with pytest.raises(DeployError, match=r"big\.bin: it changed since"):
        send(ssh_server, release)
    assert_runs(ssh_server, running)


@pytest.fixture
def small_disk(ssh_server: SshServer) -> Iterator[Path]:
    """The board's folder on a disk of 40 MB."""
    ssh_server.folder.mkdir(parents=True)
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", ssh_server.folder], capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"needs to mount a tmpfs (root with CAP_SYS_ADMIN): {mount.stderr.strip()}")
    yield ssh_server.folder
    ssh_server.stop()
    subprocess.run(["umount", "--lazy", ssh_server.folder], check=True)


def fill(disk: Path, leave: int = 0) -> Path:
    filler = disk / "filler"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - leave
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free)
    return filler


def test_a_full_disk_is_found_before_anything_is_sent(
    small_disk: Path, running: Release, release: Release, ssh_server: SshServer
) -> None:
    filler = fill(small_disk, leave=2 * SIZE)
    with pytest.raises(
        DeployError, match=r"begin: .*the disk is full: expected 25\.\d MB of room for the release, found 8\.\d MB"
    ):
        send(ssh_server, release)
    assert list((small_disk / "incoming").iterdir()) == []
    assert_runs(ssh_server, running)
    filler.unlink()
    assert send(ssh_server, release).files > 0


def test_a_disk_that_fills_up_in_the_middle(small_disk: Path, running: Release, release: Release, ssh_server: SshServer) -> None:
    with pytest.raises(DeployError, match=r"append: .*No space left on device; make room on the board"):
        send(ssh_server, release, at_half(lambda: fill(small_disk)))
    assert list((small_disk / "incoming").iterdir()) == []
    assert_runs(ssh_server, running)


def test_a_disk_that_fills_up_while_it_is_unpacked(
    small_disk: Path, running: Release, release: Release, ssh_server: SshServer
) -> None:
    with pytest.raises(DeployError, match=r"unpack: .*No space left on device; make room on the board"):
        send(ssh_server, release, lambda _, done, total: fill(small_disk) if done == total else None)
    assert_runs(ssh_server, running)
    (small_disk / "filler").unlink()
    assert send(ssh_server, release).sent == 0  # the archive was there already
    assert_runs(ssh_server, running, release)
