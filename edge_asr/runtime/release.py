"""A release: the folder that goes to a board, and `release.json`, which says what is in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge_asr.config import build, setting
from edge_asr.errors import ConfigError, DeployError

SCHEMA = 1
"""Version of the format of `release.json`."""
RELEASE, SETTINGS, LAUNCHER, UNIT = "release.json", "settings.json", "edge-asr", "edge-asr.service"
SITE, BUNDLE, SELFTEST = "site", "bundle", "selftest"
CLIP, EXPECTED = "clip.wav", "expected.json"
"""Names in a release's folder, and in its folder `selftest`."""

DESCRIPTION_LIMIT = 8 << 20
"""Bytes of `release.json`. A real one has a few hundred thousand."""
MOST_FILES = 5_000
LARGEST_RELEASE = 1 << 30
"""Bytes over all files."""
LONGEST_PATH = 240
"""Characters."""

_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
_PART = re.compile(r"[A-Za-z0-9_+@=,~ .-]{1,120}")


@dataclass(frozen=True)
class ReleaseFile:
    """One file of a release."""

    sha256: str
    size: int = setting(min=0, max=LARGEST_RELEASE)
    """Bytes."""
    mode: Literal["644", "755"] = "644"
    """Permissions, octal."""


@dataclass(frozen=True)
class Release:
    """A release's folder and its `release.json`."""

    path: Path
    """The folder; not part of the file."""
    schema: int = setting(min=1)
    id: str = setting()
    """`<UTC time>-<first digits of the contents' hash>`, like `20250131T140502Z-1f0e94c2`; the name of its folder on a board."""
    target: str = setting()
    bundle: str = setting()
    """The bundle's name."""
    manifest_sha256: str = setting()
    """Of the bundle's `manifest.json`."""
    edge_asr: str = setting()
    """Version."""
    machine: str = setting()
    """`aarch64`, `x86_64` or `armv7l`."""
    python: str = setting()
    """Such as `3.11`: the native parts are for this one."""
    files: dict[str, ReleaseFile] = setting()
    """Every file but `release.json`, by its path from the folder, with `/`."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())

    def __post_init__(self) -> None:
        """Raises `ConfigError` for what no release has: paths that lead out of the folder, files that are too large."""
        if not _ID.fullmatch(self.id):
            raise ConfigError(f"id must be like 20250131T140502Z-1f0e94c2, found {self.id!r:.80}")
        if not self.files or self.size > LARGEST_RELEASE:
            raise ConfigError(
                f"files must be some with at most {LARGEST_RELEASE} bytes, found {len(self.files)} with {self.size}"
            )
        for path, file in self.files.items():
            _check_path(path)
            _check_hash(file.sha256)
        _check_hash(self.manifest_sha256)
        folders = {path[:at] for path in self.files for at, char in enumerate(path) if char == "/"}
        if both := folders & set(self.files):
            raise ConfigError(f"files names {min(both)!r:.120} as a file and as a folder")


def read_release(folder: Path) -> Release:
    """Read `release.json` in `folder`; the other files are not looked at (`verify_files` does).

    Raises `DeployError` when it is missing, too large, damaged, too new, or describes what no release has.
    """
    path = folder / RELEASE
    try:
        if not path.is_file():
            raise DeployError(f"{path}: expected a release, found {'no file' if path.exists() else 'nothing'} of this name")
        with path.open("rb") as file:
            content = file.read(DESCRIPTION_LIMIT + 1)
    except OSError as err:
        raise DeployError(f"{path}: can't be read: {err.strerror or err}") from err
    return parse_release(content, folder)


def parse_release(content: bytes, folder: Path) -> Release:
    """The release in `folder` whose `release.json` has this content. Raises `DeployError` as `read_release` does."""
    path = folder / RELEASE
    if len(content) > DESCRIPTION_LIMIT:
        raise DeployError(f"{path}: expected at most {DESCRIPTION_LIMIT} bytes, found more")
    try:
        table = json.loads(content.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as err:
        raise DeployError(f"{path}: expected the JSON of a release, found: {str(err)[:120]}; pack it again") from err
    schema = table.get("schema") if isinstance(table, dict) else None
    if type(schema) is not int:
        raise DeployError(f"{path}: expected a release with a schema number, found none; pack it again")
    if schema > SCHEMA:
        raise DeployError(f"{path}: schema {schema} is newer than {SCHEMA}, the newest known here: update edge-asr")
    files = table.get("files")
    if isinstance(files, dict) and len(files) > MOST_FILES:  # before each of them is looked at, which takes its time
        raise DeployError(f"{path}: files must be 1 to {MOST_FILES}, found {len(files)}; pack it again")
    try:
        return build(Release, {"path": folder, **table}, source=str(path))
    except ConfigError as err:
        raise DeployError(f"{err}; pack it again") from err


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key that comes twice")
    return table


def _check_path(path: str) -> None:
    parts = path.split("/")
    plain = all(_PART.fullmatch(part) and part not in (".", "..") for part in parts)
    if not plain or len(path) > LONGEST_PATH or path == RELEASE:
        raise ConfigError(f"files must have plain paths below the release's folder, found {path!r:.120}")


def _check_hash(text: str) -> None:
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise ConfigError(f"sha256 must be 64 hexadecimal digits, found {text!r:.80}")
