"""An archive that comes in pieces, over several connections if need be."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

from .contents import SHA256, hash_of, sync
from .place import Place
from .system import RefusedError, free_bytes

RESERVE = 16 << 20
"""Bytes of the disk that a deployment leaves to the system."""
FULL = (errno.ENOSPC, errno.EDQUOT)


def archive(place: Place, sha256: str) -> Path:
    """Where an archive is once it is whole; before, the name ends with `.part`."""
    if not SHA256.fullmatch(sha256):
        raise RefusedError(f"expected an archive's sha256, found {sha256!r:.80}")
    return place.incoming / sha256


def begin(place: Place, sha256: str, size: int, unpacked: int = 0) -> dict[str, Any]:
    """How many bytes of the archive are here. All other archives go; refuses when the disk has no room for the rest.

    `size`: bytes of the whole archive; `unpacked`: bytes that its files will take.
    """
    whole, part = archive(place, sha256), _part(place, sha256)
    place.incoming.mkdir(exist_ok=True)
    for other in set(place.incoming.iterdir()) - {whole, part}:
        other.unlink()
    place.clear_parts()
    if part.exists() and part.stat().st_size > size:
        part.unlink()
    received = next((path.stat().st_size for path in (whole, part) if path.exists()), 0)
    needed, free = size - received + unpacked + RESERVE, free_bytes(place.root)
    if needed > free:
        raise RefusedError(
            f"{place.root}: the disk is full: expected {needed / 1e6:.1f} MB of room for the release, found {free / 1e6:.1f} MB; "
            "nothing was changed; make room on the board (keep fewer releases, `sudo apt clean`)"
        )
    return {"received": received, "whole": whole.exists()}


def append(place: Place, sha256: str, payload: bytes) -> dict[str, Any]:
    """Add to the archive, and answer how many bytes are here now. When the disk is full nothing of it stays."""
    part = _part(place, sha256)
    try:
        with part.open("ab") as file:
            file.write(payload)
    except OSError as err:
        if err.errno in FULL:
            part.unlink()  # a system without any room does worse than one that is sent everything again
        raise
    return {"received": part.stat().st_size}


def complete(place: Place, sha256: str) -> dict[str, Any]:
    """Give the archive its name once its hash is right; one that is not what it should be goes (`verified` is false)."""
    part = _part(place, sha256)
    if hash_of(part) != sha256:
        part.unlink()
        return {"verified": False}
    sync(part)
    part.replace(archive(place, sha256))
    return {"verified": True}


def _part(place: Place, sha256: str) -> Path:
    return archive(place, sha256).with_suffix(".part")
