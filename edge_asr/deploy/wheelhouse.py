"""A wheelhouse: the packages' wheels for a board, downloaded once by pip from the registry that it is set up for."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edge_asr.deploy.target import Board
from edge_asr.errors import DeployError
from edge_asr.progress import Progress, no_progress

OLDEST_GLIBC = 5
"""The first manylinux tag is that of glibc 2.5."""


def make_wheelhouse(
    board: Board, requirements: Sequence[str], cache: Path, *, progress: Progress = no_progress
) -> tuple[Path, ...]:
    """The wheels of `requirements` (such as `numpy==2.4.6`) that run on `board`, sorted by name; dependencies are not followed.

    They stay below `cache`, one folder for everything that was asked for together: no network is needed when the same is
    asked for again. Raises `DeployError` when the registry can't be reached, or has no wheel for the board.
    """
    folder = cache / "wheelhouse" / _key(board, requirements)
    if not folder.is_dir():
        progress(f"wheels for {board.machine}", 0, 1)
        _fill(folder, board, requirements)
    progress(f"wheels for {board.machine}", 1, 1)
    return tuple(sorted(folder.glob("*.whl")))


def platform_tags(board: Board) -> tuple[str, ...]:
    """The tags of wheels that the board's C library can load (PEP 600), the newest first."""
    newest = int(board.glibc.partition(".")[2])
    tags = [f"manylinux_2_{minor}_{board.machine}" for minor in range(newest, OLDEST_GLIBC - 1, -1)]
    return (*tags, f"manylinux2014_{board.machine}", f"linux_{board.machine}")


def _key(board: Board, requirements: Sequence[str]) -> str:
    asked = [board.machine, board.python, board.glibc, sorted(requirements)]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


def _fill(folder: Path, board: Board, requirements: Sequence[str]) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
            wheels = Path(temporary) / "wheels"
            _download(wheels, board, requirements)
            if not folder.is_dir():  # made by another one meanwhile
                wheels.rename(folder)
    except OSError as err:
        raise DeployError(f"{folder}: the wheels can't be kept: {err.strerror or err}") from err


def _download(folder: Path, board: Board, requirements: Sequence[str]) -> None:
    options = ["--only-binary=:all:", "--no-deps", "--implementation", "cp", "--python-version", board.python]
    platforms = [option for tag in platform_tags(board) for option in ("--platform", tag)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *options, *platforms]
    done = subprocess.run(
        [*command, "--dest", str(folder), *requirements],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = " ".join(line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: "))
        wanted = f"{', '.join(requirements)} for {board.machine}, Python {board.python}, glibc {board.glibc}"
        raise DeployError(
            f"no wheelhouse: expected wheels of {wanted}; pip said: {said[:400] or done.stderr.strip()[-400:]}. Check the "
            "network and pip's registry. What has no wheel must come from the board's distribution: name its package in the "
            "target's board.packages (python3-numpy)"
        )
