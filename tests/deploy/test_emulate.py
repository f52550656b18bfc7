"""The release for a Raspberry Pi 4, run on one: an emulated one."""

from __future__ import annotations

import shutil
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from invoke import Context

from edge_asr.deploy import emulate as flow
from edge_asr.deploy.emulate import PROCESSORS, Result, emulate, try_release
from edge_asr.deploy.emulator import Emulator, make_emulator
from edge_asr.deploy.pack import pack_release
from edge_asr.deploy.release import Release
from edge_asr.deploy.target import Target, list_targets, load_target
from edge_asr.deploy.wheel import write_project_wheel
from edge_asr.errors import AudioError
from edge_asr.runtime.accelerator import CPU, Accelerator
from edge_asr.runtime.hear_clip import read_expected, write_expected
from edge_asr.runtime.release import BUNDLE, CLIP, EXPECTED, LAUNCHER, SELFTEST, SITE
from edge_asr.tasks.emulate import emulate as task
from tests.cli.command import write_wav
from tests.deploy.packed import BUNDLE as COMMANDS
from tests.deploy.packed import CACHE, ROOT, copy_of
from tests.runtime.tone_release import describe, tone_release, tones

APT = pytest.mark.skipif(
    not shutil.which("apt-get"), reason="needs Debian's apt, which brings qemu-user-static and an arm64 Python"
)


@pytest.fixture(scope="module")
def pi4() -> Target:
    return load_target(ROOT / "targets/pi4.toml")


@pytest.fixture(scope="module")
def release(pi4, tmp_path_factory) -> Release:
    folder = tmp_path_factory.mktemp("releases")
    return pack_release(COMMANDS, pi4, folder, cache=CACHE, constraints=ROOT / "constraints.txt")


@pytest.fixture(scope="module")
def board(pi4) -> Emulator:
    return make_emulator(pi4.board, CACHE / "emulate", cpu=PROCESSORS["pi4"])


@APT
@pytest.mark.system
@pytest.mark.timeout(1800)  # on a busy machine; a minute and a half on a free one
def test_commands_run_on_aarch64_with_the_same_bits(release, board):
    clip = release.path / SELFTEST / CLIP
    results = {result.name: result for result in try_release(release, board, clip)}
    assert [name for name, result in results.items() if not result.ok] == []
    assert list(results) == ["doctor", "selftest", "listen", "scores"]
    assert "3.11.2 on aarch64" in results["doctor"].said[0]
    assert any("bit for bit" in line for line in results["selftest"].said)
    words = [event.what for event in read_expected(release.path / SELFTEST / EXPECTED).events]
    lines = results["listen"].said[1:]
    assert [line.split()[0] for line in lines] == words
    assert all(" == " in line for line in lines)
    assert results["scores"].said[0].endswith("equal bit for bit")


@APT
@pytest.mark.system
@pytest.mark.timeout(1800)
def test_a_tampered_release_is_refused(release, board, tmp_path):
    place = copy_of(release.path, tmp_path / "release")
    (model,) = (place / BUNDLE).glob("window-*.tflite")
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    model.unlink()  # it is a link to the good one
    model.write_bytes(content)
    done = board.run([str(place / LAUNCHER), "selftest", "--no-budgets"], pycache=tmp_path / "pycache")
    assert done.returncode == 1
    assert "failed   files" in done.stdout
    assert model.name in done.stdout
    assert "clip" not in done.stdout  # nothing of it ran


@pytest.fixture
def tone(tmp_path, tiny_bundle) -> Release:
    """A release without packages, for a Python that has them."""
    folder = tmp_path / "tone"
    tone_release(folder, tiny_bundle)
    with zipfile.ZipFile(write_project_wheel(tmp_path)) as wheel:
        wheel.extractall(folder / SITE)
    (folder / LAUNCHER).write_text(f'#!/bin/sh\nPYTHONSAFEPATH=1 PYTHONPATH={folder}/site exec python3 -m edge_asr.cli "$@"\n')
    (folder / LAUNCHER).chmod(0o755)
    return describe(folder)


def own_board(folder: Path, then: str = "") -> Emulator:
    """A board that is this machine; `then`: a filter of what its Python says."""
    folder.mkdir()
    python = folder / "python3"
    python.write_text(f'#!/bin/bash -e\nset -o pipefail\n{sys.executable} "$@" {then}\n')
    python.chmod(0o755)
    return Emulator(folder)


def tried(release: Release, board: Emulator) -> dict[str, Result]:
    return {result.name: result for result in try_release(release, board, release.path / SELFTEST / CLIP)}


def test_every_difference_is_said_by_the_check_that_it_concerns(tone, tmp_path, monkeypatch):
    path = tone.path / SELFTEST / EXPECTED
    expected = read_expected(path)
    first = replace(expected.events[0], score=expected.events[0].score - 1e-7)  # the self-test is exact
    write_expected(path, replace(expected, events=(first, *expected.events[1:])))
    here = flow.clip_scores
    monkeypatch.setattr(flow, "clip_scores", lambda release, clip: here(release, clip) * 0.5)
    results = tried(describe(tone.path), own_board(tmp_path / "bin", """| sed 's/"score": 0/"score": 7/'"""))
    assert [name for name, result in results.items() if result.ok] == ["doctor"]
    assert any(line.startswith("failed   clip") for line in results["selftest"].said)
    assert "score 7." in results["listen"].said[1]
    assert "steps differ" in results["scores"].said[0]


def test_with_other_kernels_scores_may_differ(tone, tmp_path, monkeypatch, pi4):
    path = tone.path / SELFTEST / EXPECTED
    expected = read_expected(path)
    near = tuple(replace(event, score=event.score - 0.01) for event in expected.events)
    write_expected(path, replace(expected, events=near))
    monkeypatch.setattr(flow, "pack_release", lambda *_, **__: describe(tone.path))
    monkeypatch.setattr(
        flow, "make_emulator", lambda *_, **__: own_board(tmp_path / "emulate", """| sed 's/"score": 0/"score": 7/'""")
    )
    old = replace(pi4, board=replace(pi4.board, interpreter="tflite-runtime"))
    results = list(emulate(COMMANDS, old, tmp_path))
    assert [result.name for result in results if result.ok] == ["target", "release", "doctor", "selftest", "listen"]
    assert "tflite-runtime has other kernels" in results[0].said[0]


def test_a_python_that_crashes_is_said(tone, tmp_path):
    board = own_board(tmp_path / "bin")
    (board.programs / "python3").write_text("#!/bin/sh\necho lost >&2\nkill -SEGV $$\n")
    results = tried(tone, board)
    assert not any(result.ok for result in results.values())
    assert all(result.said == ("ended by SIGSEGV", "lost") for result in results.values())


def test_what_can_not_be_emulated_runs_on_the_cpu_and_is_named(tone, tmp_path, monkeypatch, pi4):
    packed = []

    def pack(bundle: Path, target: Target, folder: Path, **_: object) -> Release:
        packed.append(target)
        return tone

    monkeypatch.setattr(flow, "pack_release", pack)
    processors = []

    def make(*_: object, cpu: str, **__: object) -> Emulator:
        processors.append(cpu)
        return own_board(tmp_path / "emulate")

    monkeypatch.setattr(flow, "make_emulator", make)
    coral = replace(pi4, run=replace(pi4.run, form="edgetpu", accelerator=Accelerator("edgetpu")))
    results = list(emulate(COMMANDS, coral, tmp_path))
    assert [result.name for result in results if result.ok] == ["target", "release", "doctor", "selftest", "listen", "scores"]
    assert [line.split()[0] for line in results[4].said[1:]] == ["yes", "no"]
    assert processors == ["cortex-a72"]
    assert results[0].said == ("edgetpu can't be emulated: the release is packed for the CPU",)
    assert packed == [replace(pi4, run=replace(pi4.run, form="", accelerator=CPU))]


def test_a_clip_that_can_not_be_heard_is_refused_at_once(tmp_path, pi4):
    slow = write_wav(tmp_path / "slow.wav", tones(), rate=8000)
    with pytest.raises(AudioError, match="expected audio at the bundle's 16000 Hz, found 8000 Hz"):
        next(emulate(COMMANDS, pi4, tmp_path / "cache", clip=slow))
    assert not (tmp_path / "cache").exists()


def test_every_shipped_board_has_its_processor():
    boards = {target.name for target in list_targets(ROOT / "targets")}
    assert set(PROCESSORS) == boards - {"aarch64", "x86_64"}


@pytest.mark.parametrize(("ok", "status"), [(True, 0), (False, 1)])
def test_the_command_fails_when_something_differs(ok, status, monkeypatch, capsys):
    results = [Result("doctor", True, ("fine",)), Result("scores", ok, ("said",))]
    monkeypatch.setattr(flow, "emulate", lambda *_, **__: iter(results))
    monkeypatch.chdir(ROOT)
    try:
        task.body(Context(), [])
        found = 0
    except SystemExit as err:
        found = err.code
    assert found == status
    printed = capsys.readouterr()
    assert "doctor: ok\n    fine\nscores: " in printed.out
    assert ("scores failed" in printed.err) == (not ok)
