"""Packages by apt: from the machine's own mirror, whole or not at all, and nothing on the machine changes."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from edge_asr.deploy import debian
from edge_asr.deploy.debian import Suite, fetch_packages, own_suite
from edge_asr.errors import DeployError
from tests.deploy.debian_tools import names_in, put_debian, put_tools

pytestmark = pytest.mark.usefixtures("bookworm")

ARM = Suite("bookworm", "arm64")


@pytest.fixture
def log(tmp_path, monkeypatch) -> Path:
    """What apt-get is told."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return put_debian(tmp_path / "bin")


def test_the_packages_are_unpacked_into_the_folder(tmp_path, log):
    said = []
    fetch_packages(["hello"], ARM, tmp_path / "cache" / "root", progress=lambda *what: said.append(what))
    assert (tmp_path / "cache/root/usr/bin/hello").read_text().endswith("hello_1.0_arm64.deb\n")
    assert names_in(tmp_path / "cache") == ["root"]
    assert ("unpack packages", 0, 1) in said


def test_old_places_lead_to_the_new_ones(tmp_path, log):
    fetch_packages(["hello"], ARM, tmp_path / "root")
    assert names_in(tmp_path / "root") == ["bin", "lib", "usr"]
    assert (tmp_path / "root/lib").readlink() == Path("usr/lib")
    assert (tmp_path / "root/bin/hello").is_file()


def test_apt_keeps_everything_in_the_folder_and_asks_the_machines_mirror(tmp_path, log):
    fetch_packages(["hello"], ARM, tmp_path / "root")
    settings, sources = (log.with_name(log.name + end).read_text() for end in (".conf", ".sources"))
    places = [line.split('"')[1] for line in settings.splitlines() if line.startswith("Dir::") and "/dev/null" not in line]
    assert len(places) == 6
    assert all(place.startswith(f"{tmp_path}/.root-") for place in places)
    assert 'APT::Architectures {"arm64";}' in settings
    assert "#clear APT::Update::Post-Invoke;" in settings
    assert 'APT::Update::Error-Mode "any";' in settings  # else apt-get update succeeds without network
    assert sources.split("] ")[-1] == "http://mirror.test/debian bookworm main\n"


def test_backports_are_asked_for_by_name(tmp_path, log):
    fetch_packages(["hello"], own_suite(backports=True), tmp_path / "root")
    assert "-t bookworm-backports hello" in log.read_text()
    sources = log.with_name("apt.log.sources").read_text()
    assert "http://mirror.test/debian bookworm-backports main\n" in sources
    assert "http://mirror.test/debian bookworm main\n" in sources


@pytest.mark.parametrize(("suite", "counts"), [(own_suite, True), (lambda: Suite("bookworm", "amd64"), False)])
def test_what_is_installed_counts_for_this_machine_alone(tmp_path, log, suite, counts):
    fetch_packages(["hello"], suite(), tmp_path / "root")
    settings = log.with_name("apt.log.conf").read_text()
    assert (f'Dir::State::status "{debian.INSTALLED}"' in settings) == counts
    assert (f'Dir::State::status "{tmp_path}' in settings) != counts


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path, log):
    (tmp_path / "root").mkdir()
    fetch_packages(["hello"], ARM, tmp_path / "root")
    assert not log.exists()
    assert names_in(tmp_path / "root") == []


def test_what_fails_leaves_nothing_and_says_what_apt_said(tmp_path, log):
    with pytest.raises(DeployError, match=r"^apt-get failed: E: Unable to locate package broken \(check the network"):
        fetch_packages(["broken"], ARM, tmp_path / "cache" / "root")
    assert names_in(tmp_path / "cache") == []


def test_an_interrupted_run_leaves_nothing(tmp_path, log):
    def interrupt(what: str, done: int, total: int) -> None:
        if what == "unpack packages":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_packages(["hello"], ARM, tmp_path / "cache" / "root", progress=interrupt)
    assert names_in(tmp_path / "cache") == []


def test_a_machine_without_debians_archive_says_so(tmp_path, log, monkeypatch):
    ubuntu = {"ID": "ubuntu", "VERSION_CODENAME": "noble", "PRETTY_NAME": "Ubuntu 24.04 LTS"}
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: ubuntu)
    with pytest.raises(DeployError, match=r"expected a machine with Debian.*found Ubuntu 24\.04"):
        fetch_packages(["hello"], ARM, tmp_path / "root")
    release = {"ID": "debian", "VERSION_CODENAME": "trixie"}
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    with pytest.raises(DeployError, match="expected trixie in this machine's apt sources, found none"):
        fetch_packages(["hello"], ARM, tmp_path / "root")


def test_a_machine_without_apt_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(put_tools(tmp_path / "bin")))
    with pytest.raises(DeployError, match="apt-get is not installed: it is a part of Debian"):
        fetch_packages(["hello"], ARM, tmp_path / "root")
