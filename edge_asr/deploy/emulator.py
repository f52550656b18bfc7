"""A board's processor and system without the board: qemu's user mode over a root of Debian's packages."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from edge_asr.deploy.debian import Suite, fetch_packages, own_suite
from edge_asr.deploy.target import Board
from edge_asr.errors import DeployError
from edge_asr.progress import Progress, no_progress

OLDEST_QEMU = 10
"""LiteRT 2.2 and newer crash under qemu 7.2, which Debian 12 has."""
SUITES = {"3.11": "bookworm", "3.13": "trixie"}
"""The release of Debian with that Python, which is Raspberry Pi OS's base as well."""
MACHINES = {"aarch64": ("arm64", "qemu-aarch64"), "armv7l": ("armhf", "qemu-arm"), "x86_64": ("amd64", "qemu-x86_64")}
"""Debian's name of a machine, and qemu's program for it."""


@dataclass(frozen=True)
class Emulator:
    """A board's Python that runs here."""

    programs: Path
    """Folder with `python3`, and `python3.11` or whichever it is: they, and what they start by their own name, run under qemu."""

    def run(self, command: Sequence[str], *, pycache: Path, path: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of this machine (a release's launcher) for which `python3` is the board's.

        Nothing of this machine's environment reaches it. `pycache`: folder for its bytecode; `path`: its PYTHONPATH.
        """
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=self.environment(pycache, path)
        )

    def environment(self, pycache: Path, path: str = "") -> dict[str, str]:
        """The environment in which `python3` is the board's."""
        return {
            "PATH": f"{self.programs}:{os.defpath}",
            "LC_ALL": "C.UTF-8",
            "PYTHONPYCACHEPREFIX": str(pycache),
            **({"PYTHONPATH": path} if path else {}),
        }


def make_emulator(board: Board, cache: Path, *, cpu: str = "", progress: Progress = no_progress) -> Emulator:
    """An emulator of `board`, with its Python and the Python modules that its distribution brings.

    `cpu`: what qemu calls the board's processor, like `cortex-a72`; empty: one that knows all instructions.
    What it is made of is fetched once into the folder `cache`. Raises `DeployError` for boards that can't be emulated, and where
    qemu or Debian's packages can't be had.
    """
    cache = cache.absolute()
    suite = SUITES.get(board.python)
    if suite is None:
        raise DeployError(
            f"a board with Python {board.python} can't be emulated: Debian, which the emulated system is made of, has "
            f"{' and '.join(SUITES)}; try --set 'board.python=\"3.11\"' --set 'board.glibc=\"2.36\"'"
        )
    if not re.fullmatch(r"[A-Za-z0-9._-]*", cpu):
        raise DeployError(f"expected a processor that qemu names, like cortex-a72, found {cpu!r:.80}")
    architecture, program = MACHINES[board.machine]
    qemu = _qemu(program, cache, progress)
    root = _root(Suite(suite, architecture), board, cache, progress)
    programs = cache / f"{root.name}-bin" / (cpu or "max")
    for name in ("python3", f"python{board.python}"):
        # With -0 the emulated Python takes this file for its executable, so that what it starts runs under qemu too.
        words = [str(qemu), *(["-cpu", cpu] if cpu else []), "-0", str(programs / name), "-L", str(root)]
        words += ["-E", f"PYTHONHOME={root}/usr", *_libraries(root)]
        _write_program(programs / name, f'#!/bin/sh\nexec {shlex.join([*words, f"{root}/usr/bin/{name}"])} "$@"\n')
    return Emulator(programs)


def _qemu(program: str, cache: Path, progress: Progress) -> Path:
    """The path of a `program` of qemu that is new enough: this machine's, else one from its release's backports."""
    for name in (f"{program}-static", program):
        found = shutil.which(name)
        if found and _version(Path(found)) >= OLDEST_QEMU:
            return Path(found)
    own = cache / program
    if own.is_file():
        return own
    try:
        with tempfile.TemporaryDirectory(dir=_made(cache), prefix=".qemu-") as folder:
            fetch_packages(["qemu-user-static"], own_suite(backports=True), Path(folder) / "all", progress=progress)
            (Path(folder) / "all/usr/bin" / f"{program}-static").resolve().replace(own)  # the others take 350 MB
    except (DeployError, OSError) as err:
        raise DeployError(
            f"expected {program}-static, version {OLDEST_QEMU} or newer, found none: apt install qemu-user-static on Debian 13, "
            f"Ubuntu 25.04 or newer; on Debian 12 it is fetched from the backports, but: {err}"
        ) from err
    return own


def _root(suite: Suite, board: Board, cache: Path, progress: Progress) -> Path:
    # Each name is one that a release imports: the distribution's other packages (alsa-utils, drivers) have no use here.
    packages = ["python3", "libstdc++6", *(name for name in board.packages if name.startswith("python3-"))]
    root = cache / f"{suite.name}-{suite.architecture}-{sha256(' '.join(packages).encode()).hexdigest()[:8]}"
    try:
        fetch_packages(packages, suite, root, progress=progress)
    except (DeployError, OSError) as err:
        raise DeployError(f"no {suite.architecture} system of {suite.name} to run the release in: {err}") from err
    return root


def _libraries(root: Path) -> list[str]:
    """Options of qemu for libraries that are found through links which the packages' scripts would have made (numpy's BLAS)."""
    folders = [str(folder) for name in ("blas", "lapack") for folder in sorted(root.glob(f"usr/lib/*/{name}"))]
    return ["-E", f"LD_LIBRARY_PATH={':'.join(folders)}"] if folders else []


def _version(qemu: Path) -> int:
    done = subprocess.run([str(qemu), "--version"], capture_output=True, text=True, errors="replace", check=False)
    found = re.search(r"version (\d+)\.", done.stdout)
    return int(found.group(1)) if found else 0


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write_program(path: Path, text: str) -> None:
    """Put an executable file in its place whole: another run may start it meanwhile."""
    with tempfile.NamedTemporaryFile("w", dir=_made(path.parent), prefix=".python3-", delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o755)
    Path(file.name).replace(path)
