"""The files of a release: described, found again, unpacked and verified, without trust in what was sent."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import stat
import tarfile
import zlib
from pathlib import Path
from typing import Any

from .system import RefusedError

DESCRIPTION = "release.json"
ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
SHA256 = re.compile(r"[0-9a-f]{64}")
MOST_FILES, MOST_BYTES = 20_000, 1 << 30


def described(text: str) -> dict[str, Any]:
    """What `release.json` says: its `id`, and `files` as `{path: {sha256, size, mode}}`.

    Raises `RefusedError` for an id or a path that leads out of the folder, for hashes and modes that are none, and for too much.
    """
    try:
        table = json.loads(text)
        files = table["files"]
        plain = ID.fullmatch(table["id"]) and all(_is_plain(path, file) for path, file in files.items())
        plain = plain and len(files) <= MOST_FILES and sum(file["size"] for file in files.values()) <= MOST_BYTES
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as err:
        raise RefusedError(f"expected a release's {DESCRIPTION}, found: {type(err).__name__} {err}"[:200]) from err
    if not plain:
        raise RefusedError(
            f"{DESCRIPTION}: expected plain files below the release's folder, at most {MOST_BYTES} bytes; pack it again"
        )
    return {"id": table["id"], "files": files}


def is_whole(path: Path, file: dict[str, Any]) -> bool:
    """Whether `path` is the plain file that is described: its size, mode and hash."""
    try:
        found = path.lstat()
        same = (
            stat.S_ISREG(found.st_mode) and found.st_size == file["size"] and stat.S_IMODE(found.st_mode) == int(file["mode"], 8)
        )
        return same and hash_of(path) == file["sha256"]
    except OSError:
        return False


def hash_of(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def link(source: Path, target: Path) -> None:
    """The same file under a second name, which takes no room; a copy where the disk knows no links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def extract(archive: Path, folder: Path, files: dict[str, Any]) -> None:
    """Unpack what `files` describes, and nothing else.

    Raises `RefusedError` for a damaged archive and for any member that is a link, a device, or not described with this size.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                file, source = files.get(member.name), tar.extractfile(member) if member.isreg() else None
                if file is None or source is None or member.size != file["size"]:
                    raise RefusedError(f"{archive.name}: {member.name!r:.120} is not a file that {DESCRIPTION} describes")
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as copy:
                    shutil.copyfileobj(source, copy)
                target.chmod(int(file["mode"], 8))
    except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, FileExistsError) as err:
        raise RefusedError(f"{archive.name}: expected a whole archive, found: {err}") from err


def verify(folder: Path, files: dict[str, Any]) -> None:
    """Raises `RefusedError` unless exactly the files described are in `folder`, each with its hash."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
    if odd := there ^ {*files, DESCRIPTION}:
        what = "is there but not described" if min(odd) in there else "is missing"
        raise RefusedError(f"{folder}: {min(odd)} {what}")
    for path, file in files.items():
        if not is_whole(folder / path, file):
            raise RefusedError(f"{folder}: {path} is not what {DESCRIPTION} says (size, mode or hash)")


def sync(path: Path) -> None:
    """Bring a file or a folder's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_plain(path: str, file: dict[str, Any]) -> bool:
    parts = path.split("/")
    inside = path != DESCRIPTION and path.isprintable() and "\\" not in path and not {"", ".", ".."} & set(parts)
    size = file["size"]
    return (
        inside and file["mode"] in ("644", "755") and type(size) is int and size >= 0 and bool(SHA256.fullmatch(file["sha256"]))
    )
