"""A release brought to a board: only the files that no release there has, in one archive that may come in several tries."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from edge_asr.deploy.archive import make_archive
from edge_asr.deploy.connection import Board
from edge_asr.deploy.release import Release
from edge_asr.errors import DeployError
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.release import RELEASE


@dataclass(frozen=True)
class Sent:
    """What a transfer took."""

    files: int
    """That the board did not have."""
    size: int
    """Bytes of the archive with them."""
    sent: int
    """Bytes of it that went over the network this time."""


def send_release(board: Board, release: Release, progress: Progress = no_progress) -> Sent:
    """Bring `release` to the board, where it is verified and named, but does not run yet. The board must be locked.

    Raises `DeployError`; then what came so far stays, unless the disk is full, and the next call goes on from there.
    """
    try:
        description = (release.path / RELEASE).read_text(encoding="utf-8")
        missing = board.call("missing", release=description)["missing"]
        if not missing:
            board.call("unpack", release=description)
            return Sent(0, 0, 0)
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / f"{release.id}.tar.gz"
            sha256 = make_archive(release, missing, archive)
            unpacked = sum(release.files[path].size for path in missing)
            sent = board.put(archive, sha256, progress, unpacked=unpacked)
            size = archive.stat().st_size
    except OSError as err:
        raise DeployError(f"{board.host}: send: {release.path} can't be packed: {err}") from err
    board.call("unpack", release=description, sha256=sha256)
    return Sent(len(missing), size, sent)
