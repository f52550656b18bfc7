"""A target that is this very machine, and the release that is packed for it once for all tests."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from edge_asr.deploy.target import Board, Target

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
"""Wheels stay there from one run of the tests to the next."""
BUNDLE = ROOT / "models" / "commands12"


def this_machine(**fields: object) -> Target:
    """A target for this machine, Python and C library, without budgets; `fields` as those of `Target`."""
    glibc = platform.libc_ver()[1] or "2.36"
    board = Board(platform.machine(), f"{sys.version_info[0]}.{sys.version_info[1]}", glibc, "ai-edge-litert")
    return Target(**{"name": "here", "description": "this machine", "board": board, **fields})


def base_python() -> Path:
    """The Python behind the tests' virtual environment, which has none of its packages."""
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"


def bare_environment(folder: Path) -> dict[str, str]:
    """PATH and nothing else: the tools that the launcher calls, and that Python."""
    folder.mkdir()
    for tool in ("sh", "dirname", "readlink"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    (folder / base_python().name).symlink_to(base_python())
    return {"PATH": str(folder)}


def copy_of(release: Path, place: Path) -> Path:
    """The release at another place, its files linked: replace a file there, don't write to it."""
    return shutil.copytree(release, place, copy_function=os.link)


def without_packages(site: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Python with `site` and the standard library, and not even the system's own packages."""
    environment: Mapping[str, str] = {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(base_python()), "-S", "-W", "error", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False, **options)
