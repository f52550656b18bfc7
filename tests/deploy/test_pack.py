"""A release for this very machine: packed, and run as a board runs it."""

from __future__ import annotations

import json
import os
import platform
import re
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.bundle.store import read_bundle
from edge_asr.deploy.pack import pack_release
from edge_asr.deploy.release import Release, read_release
from edge_asr.deploy.signing import make_key, sign_bundle
from edge_asr.deploy.target import Board
from edge_asr.errors import BundleError, DeployError
from edge_asr.runtime.accelerator import Accelerator
from edge_asr.runtime.board import BoardSettings, RunSpec, read_settings
from edge_asr.runtime.hear_clip import read_expected
from edge_asr.runtime.release_files import verify_files
from edge_asr.runtime.wav import read_wav
from tests.cli.command import write_wav
from tests.deploy.packed import BUNDLE, CACHE, ROOT, bare_environment, copy_of, this_machine, without_packages
from tests.runtime.tone_release import tones

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64") or platform.system() != "Linux", reason="LiteRT's wheels: Linux, 64 bit"
)


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Release:
    """`commands12` for this machine."""
    folder = tmp_path_factory.mktemp("releases")
    return pack_release(BUNDLE, this_machine(), folder, cache=CACHE, constraints=ROOT / "constraints.txt")


@pytest.fixture
def tone_clip(tmp_path) -> Path:
    return write_wav(tmp_path / "tones.wav", tones())


def test_it_says_what_is_in_it(release):
    found = read_release(release.path)
    assert found == release
    assert (found.target, found.bundle, found.machine) == ("here", "commands12", platform.machine())
    assert release.path.name == release.id
    verify_files(release)
    assert {"edge-asr", "edge-asr.service", "settings.json", "selftest/clip.wav", "site/edge_asr/cli/main.py"} <= set(found.files)
    assert read_settings(release.path / "settings.json") == BoardSettings("here")
    assert "/opt/edge-asr/current/edge-asr listen" in (release.path / "edge-asr.service").read_text()


def test_it_holds_the_bundle_and_not_what_lies_beside_it(release):
    assert read_bundle(release.path / "bundle").manifest == read_bundle(BUNDLE).manifest
    names = {name for name in release.files if name.startswith("bundle/")}
    assert names == {"bundle/manifest.json", *(f"bundle/{file.file}" for file in read_bundle(BUNDLE).manifest.files)}


def test_it_runs_from_its_folder_with_an_empty_environment(release, tmp_path):
    place = copy_of(release.path, tmp_path / "a folder")
    (tmp_path / "current").symlink_to(place)
    (tmp_path / "command").symlink_to(tmp_path / "current" / "edge-asr")
    if sys.version_info >= (3, 11):  # which knows PYTHONSAFEPATH
        (tmp_path / "numpy.py").write_text("raise ImportError('taken from the working folder')")
    environment = bare_environment(tmp_path / "bin")
    for called in ("./current/edge-asr", "./command"):
        command = [called, "selftest", "--exact", "--no-budgets"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert re.search(r"^ok +clip +heard \w+", done.stdout, re.MULTILINE)
    assert not list(place.rglob("__pycache__"))  # or the next self-test would find files that were added


def test_the_launcher_names_the_python_that_is_missing(release, tmp_path):
    environment = bare_environment(tmp_path / "bin")
    next((tmp_path / "bin").glob("python*")).unlink()
    command = [release.path / "edge-asr", "doctor"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 2
    assert f"this release is for Python {release.python}" in done.stderr


def test_its_site_is_all_that_it_needs(release):
    arguments = ("selftest", "--release", str(release.path), "--exact", "--json")
    done = without_packages(release.path / "site", "-m", "edge_asr.cli", *arguments)
    checks = json.loads(done.stdout)
    assert [check for check in checks if check["status"] == "failed"] == []
    assert {"clip", "budget cpu", "budget memory", "start-up"} <= {check["name"] for check in checks}


def test_what_was_left_out_of_numpy_is_not_missed(release):
    code = """
import numpy, numpy.fft, numpy.linalg, numpy.random, numpy.ma, numpy.polynomial, numpy.testing, numpy.typing, numpy.lib.format
from importlib.metadata import version
a = numpy.random.default_rng(0).normal(size=(4, 4))
numpy.testing.assert_allclose(numpy.linalg.inv(a) @ a, numpy.eye(4), atol=1e-9)
numpy.testing.assert_allclose(numpy.fft.irfft(numpy.fft.rfft(a)), a)
print(version("numpy"), version("edge-asr"), version("ai-edge-litert"))
"""
    done = without_packages(release.path / "site", "-c", code)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_is_small_and_holds_nothing_of_the_workstation(release):
    # 66 MB with numpy 2.4 and LiteRT 2.3; 110 MB with all that their wheels hold.
    assert release.size < 75e6
    held = [name for name in release.files if re.search(r"(^|/)(tests|__pycache__|f2py|vendors)/|\.pyi?c?$|\.h$|\.a$", name)]
    assert [name for name in held if not name.endswith(".py")] == []
    rooms = {name.split("/")[2] for name in release.files if name.startswith("site/edge_asr/") and name.count("/") > 2}
    assert rooms == {"bundle", "cli", "frontend", "runtime"}


def test_everyone_may_read_it_and_run_the_launcher(release):
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [release.path, *release.path.rglob("*")]}
    runs = {release.path / "edge-asr", *(path for path in modes if path.is_dir())}
    assert {path for path, mode in modes.items() if mode != (0o755 if path in runs else 0o644)} == set()
    assert [name for name, file in release.files.items() if file.mode == "755"] == ["edge-asr"]


def test_the_same_parts_make_the_same_release(release, tmp_path):
    umask = os.umask(0o077)  # a careful user's: a board must read it all the same
    try:
        again = pack_release(BUNDLE, this_machine(), tmp_path, cache=CACHE, constraints=ROOT / "constraints.txt")
    finally:
        os.umask(umask)
    assert again.files == release.files
    assert again.id.split("-")[1] == release.id.split("-")[1]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_clip_of_the_user(tmp_path, tone_clip, tiny_bundle, bare_site):
    made = pack_release(tiny_bundle.path, this_machine(), tmp_path / "made", cache=CACHE, clip=tone_clip)
    assert [event.what for event in read_expected(made.path / "selftest" / "expected.json").events] == ["yes", "no"]
    samples, rate = read_wav(made.path / "selftest" / "clip.wav")
    np.testing.assert_array_equal(np.rint(samples * 32768), tones())
    assert rate == 16000


@pytest.fixture
def bare_site(monkeypatch) -> None:
    """No packages: most of a release's files, which some tests need not see again."""
    monkeypatch.setattr("edge_asr.deploy.pack.make_wheelhouse", lambda *_, **__: ())


def test_an_accelerator_that_is_not_here_is_left_to_the_board(tmp_path, tone_clip, tiny_bundle, bare_site):
    run = RunSpec(accelerator=Accelerator("/usr/lib/libdelegate.so"))
    made = pack_release(tiny_bundle.path, this_machine(run=run), tmp_path / "made", cache=CACHE, clip=tone_clip)
    expected = read_expected(made.path / "selftest" / "expected.json")
    assert (expected.accelerator, expected.form) == ("cpu", "window")
    assert read_settings(made.path / "settings.json").run == run


def test_a_bundle_that_is_not_signed_is_not_packed_where_it_must_be(tmp_path, tone_clip, tiny_bundle, bare_site):
    target = this_machine(require_signature=True)
    key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # RFC 8032, test 1
    with pytest.raises(BundleError, match="expected a signed bundle"):
        pack_release(tiny_bundle.path, target, tmp_path / "made", cache=CACHE, clip=tone_clip, public_key=key)


def test_a_signed_release_carries_what_checks_it(tmp_path, tone_clip, tiny_bundle):
    key = make_key(tmp_path / "keys")
    sign_bundle(tiny_bundle.path, tmp_path / "keys")
    target = this_machine(require_signature=True)
    constraints = ROOT / "constraints.txt"
    made = pack_release(
        tiny_bundle.path, target, tmp_path / "made", cache=CACHE, constraints=constraints, clip=tone_clip, public_key=key
    )
    arguments = ("selftest", "--release", str(made.path), "--no-budgets")
    done = without_packages(made.path / "site", "-m", "edge_asr.cli", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ok       signature" in done.stdout


def test_a_damaged_bundle_is_not_packed(tmp_path, tone_clip, tiny_bundle, bare_site):
    next(tiny_bundle.path.glob("*.tflite")).write_bytes(b"")
    with pytest.raises(BundleError, match="expected .* bytes, found 0"):
        pack_release(tiny_bundle.path, this_machine(), tmp_path / "made", cache=CACHE, clip=tone_clip)


def test_what_is_interrupted_leaves_no_release(tmp_path, tone_clip, tiny_bundle, monkeypatch):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("edge_asr.deploy.pack.make_wheelhouse", interrupt)
    with pytest.raises(KeyboardInterrupt):
        pack_release(tiny_bundle.path, this_machine(), tmp_path / "made", cache=CACHE, clip=tone_clip)
    assert list((tmp_path / "made").iterdir()) == []


def test_a_folder_that_can_not_be_written(tmp_path, tone_clip, tiny_bundle, bare_site):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DeployError, match="the release can't be written: File exists"):
        pack_release(tiny_bundle.path, this_machine(), tmp_path / "file", cache=CACHE, clip=tone_clip)


def test_a_board_for_which_there_is_no_wheel(tmp_path, tone_clip, tiny_bundle, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    board = Board("armv7l", "3.11", "2.36", "tflite-runtime")
    with pytest.raises(DeployError, match="numpy.* for armv7l, Python 3.11, glibc 2.36; pip said: .*python3-numpy"):
        pack_release(tiny_bundle.path, replace(this_machine(), board=board), tmp_path, cache=tmp_path, clip=tone_clip)
