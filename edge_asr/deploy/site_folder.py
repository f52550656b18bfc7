"""Wheels, unpacked into the folder that a release's Python imports from, less what no board needs."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from edge_asr.errors import DeployError
from edge_asr.progress import Progress, no_progress

LEFT_OUT = (
    *("*/tests/*", "*/__pycache__/*", "*.pyi", "*.pxd", "*.h", "*.c", "*.a", "*.dist-info/RECORD"),
    *("numpy/f2py/*", "numpy/distutils/*", "numpy/_core/_*_tests.*.so", "numpy/_core/_simd.*.so"),
    *("ai_edge_litert/vendors/*", "ai_edge_litert/tools/*", "ai_edge_litert/aot/*", "ai_edge_litert/tflite/*"),
    *("ai_edge_litert/*_pb2.py", "ai_edge_litert/schema_py_generated.py"),
)
"""Tests, headers, type stubs, numpy's compiler of Fortran, LiteRT's plug-ins for other chips, its compiler and converter.
(RECORD would name files that are not there; `release.json` names those that are.)"""
GPU_ALONE = ("ai_edge_litert/libLiteRt*.so",)
"""What only CompiledModel loads, 23 MB. The interpreter has the CPU's kernels in a library of its own."""


def fill_site(wheels: Sequence[Path], folder: Path, *, gpu: bool, progress: Progress = no_progress) -> None:
    """Unpack `wheels` into `folder`. `gpu`: with what LiteRT needs to run on one.

    Raises `DeployError` when a wheel is damaged or holds paths that lead elsewhere.
    """
    left_out = LEFT_OUT if gpu else (*LEFT_OUT, *GPU_ALONE)
    for done, wheel in enumerate(wheels):
        progress("unpacking", done, len(wheels))
        try:
            with zipfile.ZipFile(wheel) as archive:
                for entry, place in _places(archive):
                    if not any(fnmatchcase(place, pattern) for pattern in left_out):
                        path = folder / place
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(archive.read(entry))
        except (OSError, ValueError, zipfile.BadZipFile, zlib.error) as err:
            raise DeployError(f"{wheel}: expected a wheel that unpacks, found: {err}; delete it and pack again") from err
    progress("unpacking", len(wheels), len(wheels))


def _places(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """Each file of a wheel, and where it goes (PEP 427): scripts, headers and data have no place in a release."""
    for entry in archive.infolist():
        parts = PurePosixPath(entry.filename).parts
        if entry.is_dir() or not parts:
            continue
        if parts[0].endswith(".data"):
            parts = parts[2:] if parts[1:2] in (("purelib",), ("platlib",)) else ()
        if any(part in ("/", "..") or "\\" in part for part in parts):
            raise ValueError(f"a path that leads elsewhere, {entry.filename!r:.80}")
        if parts:
            yield entry, "/".join(parts)
