"""Unpacking a tar or zip archive, without letting it write anywhere else."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, NamedTuple

from edge_asr.errors import DataError
from edge_asr.progress import Progress, no_progress

ENDINGS = (".tar.gz", ".tar.bz2", ".tgz", ".tar", ".zip")
DAMAGE = (EOFError, ValueError, RuntimeError, tarfile.TarError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged, encrypted or strangely packed archive raises."""
LARGEST = 32 << 30
"""Bytes that an archive may unpack to; Speech Commands has about 4 GB."""


def is_archive(path: Path) -> bool:
    """Whether `path` is a file that is named like a tar or zip archive."""
    return path.name.endswith(ENDINGS) and path.is_file()


def unpacked(archive: Path, *, progress: Progress = no_progress) -> Path:
    """The folder beside `archive`, named like it, with what it holds; unpacked on the first call.

    Folders and plain files only: links and devices are passed over. Raises `DataError` when the archive is damaged, would
    write outside its folder, holds too much, or the place can't be written.
    """
    folder = archive.with_name(archive.name[: -len(next(end for end in ENDINGS if archive.name.endswith(end)))])
    if folder.is_dir():
        return folder
    temporary = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        _unpack(archive, temporary, progress)
        temporary.chmod(0o755)  # mkdtemp makes it private
        temporary.rename(folder)
    except (*DAMAGE, OSError) as err:
        raise DataError(f"{archive}: expected a whole archive and room to unpack it beside it, found: {err}") from err
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _unpack(archive: Path, folder: Path, progress: Progress) -> None:
    size, unpacked_bytes = archive.stat().st_size, 0
    with archive.open("rb") as file:
        for member in _zip_members(file) if archive.suffix == ".zip" else _tar_members(file):
            progress("unpack", min(file.tell(), size), size)
            name = PurePosixPath(member.name)
            if name.is_absolute() or ".." in name.parts or "\\" in member.name or ":" in member.name:
                raise DataError(f"{archive}: expected names inside the archive's folder, found {member.name!r}; not unpacked")
            unpacked_bytes += member.size
            if unpacked_bytes > LARGEST:
                raise DataError(f"{archive}: expected at most {LARGEST >> 30} GiB, found more; not unpacked")
            source = member.open()
            if source is None:
                continue
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)


class _Member(NamedTuple):
    name: str
    size: int
    """Bytes, unpacked; `zipfile` and `tarfile` give no more than is stated here."""
    open: Callable[[], IO[bytes] | None]
    """None for what is no plain file."""


def _tar_members(file: BinaryIO) -> Iterator[_Member]:
    with tarfile.open(fileobj=file, mode="r:*") as tar:
        for member in tar:
            yield _Member(member.name, member.size, lambda m=member: tar.extractfile(m) if m.isfile() else None)  # type: ignore[misc]


def _zip_members(file: BinaryIO) -> Iterator[_Member]:
    """Links are unpacked as small files that name their target."""
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            yield _Member(member.filename, member.file_size, lambda m=member: None if m.is_dir() else archive.open(m))  # type: ignore[misc]
