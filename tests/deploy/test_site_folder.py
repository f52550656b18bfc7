"""What of the wheels gets to a board, and what the project's own wheel holds."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest

import edge_asr
from edge_asr.deploy.site_folder import fill_site
from edge_asr.deploy.wheel import write_project_wheel
from edge_asr.errors import DeployError
from tests.deploy.packed import without_packages
from tests.deploy.wheels import make_wheel


def unpacked(tmp_path, *wheels, gpu=False):
    fill_site(wheels, tmp_path / "site", gpu=gpu)
    return {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*") if path.is_file()}


def test_tests_headers_and_stubs_stay_here(tmp_path):
    files = ("numpy__core.py", "numpy__tests__test_core.py", "numpy__core.pyi", "numpy__include__core.h", "numpy__lib__libm.a")
    found = unpacked(tmp_path, make_wheel(tmp_path, "numpy", **dict.fromkeys(files, b"")))
    assert found == {"numpy/core.py", "numpy-1.0.dist-info/METADATA", "numpy-1.0.dist-info/WHEEL"}


def test_only_a_gpu_needs_its_library(tmp_path):
    names = ("interpreter.py", "libpywrap_litert_common.so", "libLiteRt.so", "libLiteRtWebGpuAccelerator.so", "vendors__x.so")
    wheel = make_wheel(tmp_path, "litert", **{f"ai_edge_litert__{name}": b"" for name in names})
    cpu = {name for name in unpacked(tmp_path / "cpu", wheel) if name.startswith("ai_edge")}
    gpu = {name for name in unpacked(tmp_path / "gpu", wheel, gpu=True) if name.startswith("ai_edge")}
    assert cpu == {"ai_edge_litert/interpreter.py", "ai_edge_litert/libpywrap_litert_common.so"}
    assert gpu - cpu == {"ai_edge_litert/libLiteRt.so", "ai_edge_litert/libLiteRtWebGpuAccelerator.so"}


def test_code_in_a_data_folder_goes_to_the_top_and_scripts_nowhere(tmp_path):
    parts = {"purelib__a.py": b"", "platlib__b.so": b"", "scripts__tool": b"", "headers__c.hpp": b"", "data__share__d": b""}
    wheel = make_wheel(tmp_path, "mixed", **{f"mixed-1.0.data__{name}": content for name, content in parts.items()})
    assert {name for name in unpacked(tmp_path, wheel) if "dist-info" not in name} == {"a.py", "b.so"}


@pytest.mark.parametrize("path", ["../evil.py", "/evil.py", "numpy/../../evil.py", "x.data/purelib/../../evil.py", "..\\evil.py"])
def test_a_wheel_can_not_write_elsewhere(tmp_path, path):
    wheel = make_wheel(tmp_path / "wheels", "evil", **{path: b""})
    with pytest.raises(DeployError, match="evil-1.0-py3-none-any.whl: expected a wheel that unpacks, found: a path that leads"):
        fill_site([wheel], tmp_path / "a" / "site", gpu=False)
    assert not list(tmp_path.rglob("evil.py"))


def test_a_damaged_wheel(tmp_path):
    wheel = make_wheel(tmp_path, "pure", pure__code=b"x" * 1000)
    content = bytearray(wheel.read_bytes())
    content[content.index(b"x" * 1000) + 500] ^= 1
    for damaged in (bytes(content), bytes(content[:100]), b""):
        wheel.write_bytes(damaged)
        with pytest.raises(DeployError, match="expected a wheel that unpacks, found: .*delete it and pack again"):
            fill_site([wheel], tmp_path / "site", gpu=False)


def test_the_projects_wheel_is_one_that_pip_takes_with_the_rooms_of_the_device(tmp_path):
    wheel = write_project_wheel(tmp_path)
    options = ["--quiet", "--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(tmp_path / "site"), str(wheel)]
    subprocess.run(command, check=True, timeout=120)
    rooms = {path.name for path in (tmp_path / "site" / "edge_asr").iterdir() if path.is_dir()}
    assert rooms == {"bundle", "cli", "frontend", "runtime"}
    done = without_packages(tmp_path / "site", "-m", "edge_asr.cli", "--version")
    assert done.stdout == f"edge-asr {edge_asr.__version__}\n", done.stderr


def test_the_same_code_makes_the_same_wheel(tmp_path):
    (tmp_path / "again").mkdir()
    first, second = write_project_wheel(tmp_path), write_project_wheel(tmp_path / "again")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.testzip() is None
