"""The project's own wheel for a board: the rooms that run there, and nothing of the workstation's."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import edge_asr
from edge_asr.errors import DeployError

DEVICE_ROOMS = ("bundle", "cli", "frontend", "runtime")
"""Beside the package's own modules. The workstation's rooms are three times as much, and can do nothing without TensorFlow."""
SOME_DAY = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the wheel, so that the same code makes the same wheel."""


def write_project_wheel(folder: Path) -> Path:
    """Write the wheel of the running `edge_asr`, as far as a board needs it, into `folder`. Returns its path.

    It is made of the very code that measured on this workstation, from a checkout or from an installed package.
    Raises `DeployError` when it can't be written.
    """
    version = edge_asr.__version__
    info = f"edge_asr-{version}.dist-info"
    files = _device_files(Path(edge_asr.__file__).parent)
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: edge-asr\nVersion: {version}\nLicense: Apache-2.0\n".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: edge-asr\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    path = folder / f"edge_asr-{version}-py3-none-any.whl"
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
            for name, content in files.items():
                wheel.writestr(zipfile.ZipInfo(name, SOME_DAY), content, zipfile.ZIP_DEFLATED)
    except OSError as err:
        raise DeployError(f"{path}: the project's wheel can't be written: {err.strerror or err}") from err
    return path


def _device_files(package: Path) -> dict[str, bytes]:
    paths = [*package.glob("*.py"), *(path for room in DEVICE_ROOMS for path in (package / room).rglob("*.py"))]
    return {path.relative_to(package.parent).as_posix(): path.read_bytes() for path in sorted(paths)}


def _record(files: Mapping[str, bytes], own: str) -> bytes:
    """The list of files with their hashes that every wheel has (PEP 376)."""
    lines = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    return "".join([*lines, f"{own},,\n"]).encode()
