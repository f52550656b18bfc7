"""Where Speech Commands is found: the official archives, on the net and on disk."""

from __future__ import annotations

from pathlib import Path

from edge_asr.data.archive import is_archive, unpacked
from edge_asr.data.download import download
from edge_asr.data.walk import subfolders
from edge_asr.errors import DataError
from edge_asr.progress import Progress, no_progress

ADDRESS = "http://download.tensorflow.org/data/"
PREFIX = "speech_commands"
SHA256 = {
    "v0.02": "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
    "v0.01": "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d",
}
"""Of each version's archive, the newest first (2.4 GB and 1.5 GB)."""


def archive_name(version: str) -> str:
    """The official archive's file name."""
    return f"{PREFIX}_{version}.tar.gz"


def fetch_speech_commands(root: Path, *, version: str = "v0.02", progress: Progress = no_progress) -> Path:
    """Download the official archive into the folder `root`, and return its path; `read_dataset` takes it or `root`.

    A transfer that broke off goes on at the next call. Raises `DataError` for an unknown version, when the transfer breaks
    off, or when the archive's hash does not fit.
    """
    if version not in SHA256:
        raise DataError(f"expected a version of Speech Commands ({', '.join(SHA256)}), found {version!r}")
    archive = root / archive_name(version)
    download(ADDRESS + archive.name, archive, SHA256[version], progress=progress)
    return archive


def locate_speech_commands(root: Path, *, progress: Progress = no_progress) -> Path:
    """The folder with the words: `root`, or what the archive in it holds. Raises `DataError` as `unpacked` does."""
    words = [folder for folder in subfolders(root) if not folder.name.startswith(PREFIX)]
    archives = [root / archive_name(version) for version in SHA256]
    found = next((archive for archive in archives if is_archive(archive)), None)
    return root if words or found is None else unpacked(found, progress=progress)
