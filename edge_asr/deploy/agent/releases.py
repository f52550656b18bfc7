"""Releases on the board: made from an archive and from their predecessors, listed, run and removed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .contents import DESCRIPTION, described, extract, is_whole, link, sync, verify
from .incoming import archive
from .place import Place
from .system import COMMAND_LIMIT_S, RefusedError, run_command


def releases(place: Place) -> dict[str, Any]:
    """Ids of all releases, oldest first; which is `current`, and which is `previous`, the newest before it ("" for none)."""
    ids, current = place.ids(), place.current_id()
    return {"releases": ids, "current": current, "previous": max((id for id in ids if id < current), default="")}


def missing(place: Place, release: str) -> dict[str, Any]:
    """Which files of `release` (the text of its `release.json`) no release here has; each is read and compared by its hash."""
    files = described(release)["files"]
    return {"missing": sorted(set(files) - set(_found(place, files)))}


def unpack(place: Place, release: str, sha256: str = "") -> dict[str, Any]:
    """Make `releases/<id>` of the archive's files and of those that other releases have; named so once all are verified."""
    wanted = described(release)
    id, files = wanted["id"], wanted["files"]
    folder, part = place.releases / id, place.releases / f"{id}.part"
    if folder.exists():
        verify(folder, files)
        return {}
    part.mkdir(parents=True)
    try:
        for path, source in _found(place, files).items():
            link(source, part / path)
        if sha256:
            extract(archive(place, sha256), part, files)
        (part / DESCRIPTION).write_text(release, encoding="utf-8")
        verify(part, files)
        os.sync()  # once for all: fsync of a thousand small files takes minutes on an SD card
        part.rename(folder)
        sync(place.releases)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(place.incoming, ignore_errors=True)
    return {}


def run(place: Place, arguments: Sequence[str], id: str = "", limit_s: float = COMMAND_LIMIT_S) -> dict[str, Any]:
    """Run the launcher of release `id`, or of the current one, for at most `limit_s` seconds: `code`, `out` and `err`."""
    launcher = place.release(id or place.current_id()) / "edge-asr"
    code, out, err = run_command([str(launcher), *arguments], limit_s)
    return {"code": code, "out": out, "err": err}


def prune(place: Place, keep: int) -> dict[str, Any]:
    """Remove the oldest releases until `keep` are left; never the one that runs, nor the one before it."""
    state = releases(place)
    old = [id for id in state["releases"] if id not in (state["current"], state["previous"])]
    removed = old[: max(0, len(state["releases"]) - keep)]
    for id in removed:
        discard(place, id)
    return {"removed": removed}


def discard(place: Place, id: str) -> dict[str, Any]:
    """Remove a release that does not run."""
    folder = place.release(id)
    if id == place.current_id():
        raise RefusedError(f"release {id} is the one that runs; switch to another one first")
    part = folder.with_name(f"{id}.part")
    folder.rename(part)  # half removed, it must not pass for a release
    shutil.rmtree(part)
    return {}


def _found(place: Place, files: dict[str, Any]) -> dict[str, Path]:
    found = {}
    for path, file in files.items():
        places = (place.releases / id / path for id in reversed(place.ids()))
        if (here := next((there for there in places if is_whole(there, file)), None)) is not None:
            found[path] = here
    return found
