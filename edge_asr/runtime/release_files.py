"""The files of a release, compared with what its `release.json` says of them."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from edge_asr.errors import DeployError
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.release import RELEASE, Release, ReleaseFile

BLOCK = 1 << 20


def verify_files(release: Release, *, progress: Progress = no_progress) -> None:
    """Compare every file's size and SHA-256 with `release.json`, and look for files that it does not name.

    Raises `DeployError` with the first few that differ, are missing or were added. Permissions are not compared: they say
    nothing about the content, and a copy may change them.
    """
    wrong: list[str] = []
    for done, (name, file) in enumerate(release.files.items()):
        progress("verifying", done, len(release.files))
        if problem := _problem(release.path / name, file):
            wrong.append(f"{name} {problem}")
    wrong += [f"{name} was added" for name in sorted(_found(release.path) - {RELEASE, *release.files})]
    progress("verifying", len(release.files), len(release.files))
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        found = "; ".join(wrong[:3]) + more
        raise DeployError(f"{release.path}: expected the files of its {RELEASE}, found: {found}; deploy it again")


def _problem(path: Path, file: ReleaseFile) -> str:
    try:
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode):
            return "is no file"
        if about.st_size != file.size:
            return f"has {about.st_size} bytes, not {file.size}"
        return "" if sha256_of(path) == file.sha256 else "was changed"
    except FileNotFoundError:
        return "is missing"
    except OSError as err:
        return f"can't be read ({err.strerror or err})"


def sha256_of(path: Path) -> str:
    """The hash of a file, in hexadecimal. Raises `OSError`."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _found(folder: Path) -> set[str]:
    return set(_walk(str(folder), ""))


def _walk(folder: str, prefix: str) -> Iterator[str]:
    """Paths of everything below that is no folder. Python's caches count: other code than what was packed would run."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, f"{prefix}{entry.name}/")
            else:
                yield prefix + entry.name
