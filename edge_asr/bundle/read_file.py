"""One file of a bundle, read so that nothing hostile in its place does harm."""

from __future__ import annotations

from pathlib import Path

from edge_asr.errors import BundleError

MANIFEST = "manifest.json"
MANIFEST_LIMIT = 1 << 20
"""Bytes. A real manifest has a few thousand."""


def read_file(folder: Path, name: str, limit: int) -> bytes:
    """The file `name` in the bundle's `folder`, or its first `limit + 1` bytes where it has more.

    Raises `BundleError` when there is none, it is no regular file, or a link leads out of the folder.
    """
    path = folder / name
    try:
        if path.resolve().parent != folder.resolve():
            raise BundleError(f"{path}: is a link that leads out of the bundle")
        if not path.is_file():  # before it is opened: reading a pipe or a device would not end
            raise BundleError(f"{path}: expected a file of a bundle, found {'no file' if path.exists() else 'nothing'}")
        with path.open("rb") as file:
            return file.read(limit + 1)  # the one more shows that there are more
    except (OSError, RuntimeError) as err:  # RuntimeError: a loop of links, up to Python 3.12
        raise BundleError(f"{path}: can't be read: {err}") from err
