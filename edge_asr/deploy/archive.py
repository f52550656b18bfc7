"""Archives that are the same bytes whenever they are made of the same files."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

from edge_asr.deploy.release import Release
from edge_asr.errors import DeployError


def make_archive(release: Release, paths: Iterable[str], target: Path) -> str:
    """Write the named files of a release to `target`, a .tar.gz, and return its SHA-256.

    No times, no owners and sorted names, so that a transfer which was cut off goes on with the same archive made again.
    Raises `DeployError` for a file that is not what the release says, and `OSError`.
    """
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        for path in sorted(paths):
            member = tarfile.TarInfo(path)
            member.size, member.mode = release.files[path].size, int(release.files[path].mode, 8)
            content = (release.path / path).read_bytes()
            if hashlib.sha256(content).hexdigest() != release.files[path].sha256:
                raise DeployError(f"{release.path / path}: it changed since the release was packed; pack it again")
            tar.addfile(member, io.BytesIO(content))
    with target.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
