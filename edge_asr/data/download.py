"""Fetching an archive: with progress, going on where it stopped, and not believed before its hash fits."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from pathlib import Path

from edge_asr.errors import DataError
from edge_asr.progress import Progress, no_progress

CHUNK = 1 << 18
TIMEOUT = 30.0
"""Seconds without a byte before the server is given up."""


def download(url: str, target: Path, sha256: str, *, progress: Progress = no_progress) -> None:
    """Fetch `url` (http or https) to `target`, unless a file with that hash (64 hexadecimal digits) is there already.

    What has come so far is kept in `<target>.part`; the next call asks only for the rest, or for all of it where the server
    can't do that. Raises `DataError` when the transfer breaks off or the hash does not fit (the file is then removed).
    """
    if not url.startswith(("http://", "https://")):
        raise DataError(f"expected an http or https address, found {url!r}")
    if target.is_file() and _sha256(target) == sha256:
        return
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, part, progress)
    except (OSError, http.client.HTTPException) as err:
        raise DataError(f"{url}: the transfer broke off ({err}); call it again to go on, what has come is in {part}") from err
    found = _sha256(part)
    if found != sha256:
        part.unlink()
        raise DataError(f"{url}: expected a file with SHA-256 {sha256}, found {found}; it was removed, fetch it again")
    part.replace(target)


def _fetch(url: str, part: Path, progress: Progress) -> None:
    """Append to `part` what is missing of `url`."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as err:
        with err:
            if err.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
        return  # nothing is missing; the hash will tell
    with response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            have = 0
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if length.isdecimal() else 0
        with part.open("ab" if have else "wb") as file:
            while chunk := response.read(CHUNK):
                file.write(chunk)
                have += len(chunk)
                progress("download", have, total)
    if have < total:
        raise OSError(f"{have} of {total} bytes came")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
