"""Describing a folder as a release: what is in it, and an id that stands for that."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from edge_asr.config import to_table
from edge_asr.errors import DeployError
from edge_asr.files import write_whole
from edge_asr.runtime.release import RELEASE, SCHEMA, Release, ReleaseFile, parse_release, read_release
from edge_asr.runtime.release_files import sha256_of

__all__ = ["Release", "ReleaseDraft", "ReleaseFile", "describe_files", "read_release", "write_release"]


@dataclass(frozen=True)
class ReleaseDraft:
    """A `Release` without what its files tell."""

    target: str
    bundle: str
    manifest_sha256: str
    edge_asr: str
    machine: str
    python: str


def write_release(folder: Path, draft: ReleaseDraft, now: datetime) -> Release:
    """Write `release.json` for the files in `folder`, made at the time `now`.

    Raises `DeployError` when there is something that a release can't have (links, odd names), or it can't be written.
    """
    files = describe_files(folder)
    described = {**to_table(draft), "files": to_table(files)}
    table = {"schema": SCHEMA, "id": _id(described, now), **described}
    content = json.dumps(table, indent=1).encode()
    release = parse_release(content, folder)
    try:
        write_whole(folder / RELEASE, content)
    except OSError as err:
        raise DeployError(f"{folder / RELEASE}: can't be written: {err.strerror or err}") from err
    return release


def describe_files(folder: Path) -> dict[str, ReleaseFile]:
    """Every file below `folder` but its `release.json`, sorted by path. Raises `DeployError` for links, pipes and the like."""
    files: dict[str, ReleaseFile] = {}
    try:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise DeployError(f"{path}: expected files and folders in a release, found something else; take it out")
            if path.is_file() and name != RELEASE:
                about = path.stat()
                files[name] = ReleaseFile(sha256_of(path), about.st_size, "755" if about.st_mode & 0o100 else "644")
    except OSError as err:
        raise DeployError(f"{folder}: can't be read: {err}") from err
    return files


def _id(described: Mapping[str, object], now: datetime) -> str:
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
    return f"{now.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}-{digest[:8]}"
