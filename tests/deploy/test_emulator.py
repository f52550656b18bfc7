"""What an emulated board is made of, without emulating one (test_emulate.py does)."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_asr.deploy.emulator import make_emulator
from edge_asr.deploy.target import Board
from edge_asr.errors import DeployError
from tests.deploy.debian_tools import names_in, put_debian, put_tools

pytestmark = pytest.mark.usefixtures("bookworm")

PI4 = Board("aarch64", packages=("python3-pyaudio", "alsa-utils"))
QEMU = """\
#!/bin/sh
[ "$1" = --version ] && echo "qemu-aarch64 version {version} (Debian)" && exit
echo "$@"
echo "$PATH|$HOME|$PYTHONPATH"
"""


@pytest.fixture
def log(tmp_path, monkeypatch) -> Path:
    """What apt-get is told, on a machine with a qemu that is new enough."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return put_debian(tmp_path / "bin", qemu_aarch64=QEMU.format(version="10.0.2"))


def test_python_runs_under_qemu_in_the_boards_system(tmp_path, log):
    cache = tmp_path / "cache"
    emulator = make_emulator(PI4, cache)
    for name in ("python3", "python3.11"):
        done = emulator.run([name, "-c", "pass"], pycache=tmp_path / "pycache", path="/release/site")
        said, environment = done.stdout.splitlines()
        (root,) = cache.glob("bookworm-arm64-????????")
        assert said == f"-0 {emulator.programs / name} -L {root} -E PYTHONHOME={root}/usr {root}/usr/bin/{name} -c pass"
        assert environment == f"{emulator.programs}:/bin:/usr/bin||/release/site"


def test_a_processor_is_named_to_qemu_and_has_programs_of_its_own(tmp_path, log):
    any_processor, a72 = (make_emulator(PI4, tmp_path / "cache", cpu=cpu) for cpu in ("", "cortex-a72"))
    assert " -cpu cortex-a72 -0 " in (a72.programs / "python3").read_text()
    assert "-cpu" not in (any_processor.programs / "python3").read_text()
    with pytest.raises(DeployError, match=r"expected a processor that qemu names.*found '\.\./x'"):
        make_emulator(PI4, tmp_path / "cache", cpu="../x")


def test_the_system_has_what_the_distribution_brings_for_python(tmp_path, log):
    make_emulator(PI4, tmp_path / "cache")
    assert log.read_text().splitlines()[-1].endswith("--yes python3 libstdc++6 python3-pyaudio")
    assert 'APT::Architecture "arm64"' in log.with_name("apt.log.conf").read_text()


def test_the_distributions_numpy_finds_its_blas(tmp_path, log):
    unpack = "#!/bin/sh\nmkdir -p $3/usr/lib/arm-linux-gnueabihf/blas $3/usr/lib/arm-linux-gnueabihf/lapack\n"
    (tmp_path / "bin/dpkg-deb").write_text(unpack)
    emulator = make_emulator(PI4, tmp_path / "cache")
    (root,) = (tmp_path / "cache").glob("bookworm-arm64-????????")
    libraries = f"{root}/usr/lib/arm-linux-gnueabihf"
    assert f"LD_LIBRARY_PATH={libraries}/blas:{libraries}/lapack " in (emulator.programs / "python3").read_text()


def test_other_boards_get_systems_of_their_own(tmp_path, log):
    cache = tmp_path / "cache"
    make_emulator(PI4, cache)
    make_emulator(Board("aarch64"), cache)
    make_emulator(Board("aarch64", python="3.13", glibc="2.41"), cache)
    assert len(list(cache.glob("bookworm-arm64-????????"))) == 2
    assert len(list(cache.glob("trixie-arm64-????????"))) == 1
    before = log.read_text()
    make_emulator(PI4, cache)
    assert log.read_text() == before


@pytest.mark.parametrize("installed", [{}, {"qemu_aarch64_static": QEMU.format(version="7.2.19")}])
def test_without_a_new_qemu_it_comes_from_the_backports(tmp_path, monkeypatch, installed):
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    unpack = (
        "#!/bin/sh\nmkdir -p $3/usr/bin; echo new > $3/usr/bin/qemu-aarch64-static; echo other > $3/usr/bin/qemu-arm-static\n"
    )
    log = put_debian(tmp_path / "bin", **installed)
    (tmp_path / "bin/dpkg-deb").write_text(unpack)
    emulator = make_emulator(PI4, tmp_path / "cache")
    assert "-t bookworm-backports qemu-user-static" in log.read_text()
    assert (tmp_path / "cache/qemu-aarch64").read_text() == "new\n"
    assert f"exec {tmp_path}/cache/qemu-aarch64 -0" in (emulator.programs / "python3").read_text()
    assert [name for name in names_in(tmp_path / "cache") if name.startswith(".")] == []
    before = log.read_text()
    make_emulator(PI4, tmp_path / "cache")
    assert log.read_text() == before


def test_without_qemu_and_apt_it_names_the_package(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(put_tools(tmp_path / "bin")))
    with pytest.raises(DeployError, match=r"expected qemu-aarch64-static, version 10 or newer.*apt install qemu-user-static"):
        make_emulator(PI4, tmp_path / "cache")


def test_without_network_it_says_what_is_missing(tmp_path, log):
    (tmp_path / "bin/apt-get").write_text("#!/bin/sh\necho 'E: Could not resolve mirror.test' >&2; exit 100\n")
    with pytest.raises(DeployError, match=r"no arm64 system of bookworm.*Could not resolve mirror\.test.*check the network"):
        make_emulator(PI4, tmp_path / "cache")
    assert names_in(tmp_path / "cache") == []


def test_a_python_that_debian_has_not_is_refused(tmp_path, log):
    with pytest.raises(DeployError, match=r"Python 3\.12 can't be emulated.*3\.11 and 3\.13"):
        make_emulator(Board("aarch64", python="3.12", glibc="2.39"), tmp_path / "cache")
