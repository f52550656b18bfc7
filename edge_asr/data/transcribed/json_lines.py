"""Manifests of JSON lines, NeMo's among them: one object a line.

Keys: `audio` or `audio_filepath`, `text`; and if known `speaker`, `licence` (or `license`), `offset` and `duration` (seconds in
the file), `split` and `id`. Paths are relative to the manifest, or absolute; either way they must stay below the manifest's
folder, so that a manifest from elsewhere reads nothing that was not put there for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_asr.data.clips import LeftOut, Split
from edge_asr.data.transcribed.row import NOT_STATED, Row, Rows, inside, lines_of, split_named

ENDINGS = (".jsonl", ".ndjson", ".json")
PATTERNS = ("*.jsonl", "*.ndjson", "*manifest*.json")


def fits(place: Path) -> bool:
    """Whether `place` is such a manifest, or a folder with some."""
    return bool(_manifests(place))


def rows(place: Path) -> Rows:
    """All utterances. The split is the line's, else the manifest's by its name (`train_manifest.json`), else left open."""
    for manifest in _manifests(place):
        for line in lines_of(manifest):
            yield line if isinstance(line, LeftOut) else _row(manifest, line)


def _manifests(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place] if place.suffix.lower() in ENDINGS and place.is_file() else []
    return sorted({path for pattern in PATTERNS for path in place.glob(pattern) if path.is_file()})


def _row(manifest: Path, line: str) -> Row | LeftOut:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict):
        return LeftOut(manifest, f"line that is no JSON object: {line[:40]}")
    name, text = _first(entry, "audio", "audio_filepath"), entry.get("text")
    if not isinstance(name, str) or not isinstance(text, str):
        return LeftOut(manifest, f"line without the texts `audio` and `text`: {line[:40]}")
    path = _below(manifest.parent, name)
    if path is None:
        return LeftOut(manifest, f"path that is not below the manifest's folder: {name[:40]}")
    start, seconds = _seconds(entry, "offset"), _seconds(entry, "duration")
    if start is None or seconds is None:
        return LeftOut(manifest, f"offset or duration that is no number of seconds: {line[:40]}")
    return Row(
        id=_word(entry, "id") or (f"{name}#{start:g}" if start else name),
        path=path,
        text=text,
        speaker=_word(entry, "speaker"),
        split=_split(entry) or split_named(manifest.stem),
        groups=(name,),
        licence=_word(entry, "licence", "license") or NOT_STATED,
        start=start,
        seconds=seconds or None,
    )


def _below(folder: Path, name: str) -> Path | None:
    path = Path(name)
    if path.is_absolute() and ".." not in path.parts and path.is_relative_to(folder.absolute()):
        return path
    return inside(folder, name)


def _first(entry: Mapping[str, Any], *keys: str) -> Any:
    return next((entry[key] for key in keys if key in entry), None)


def _word(entry: Mapping[str, Any], *keys: str) -> str | None:
    """A name, which may also be a number; None where there is none."""
    value = _first(entry, *keys)
    named = isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))
    return str(value)[:200] or None if named else None


def _split(entry: Mapping[str, Any]) -> Split | None:
    return split_named(_word(entry, "split") or "")


def _seconds(entry: Mapping[str, Any], key: str) -> float | None:
    """0 where the key is missing, None where it holds no number of seconds: text, NaN, less than 0, or decades."""
    value = entry.get(key, 0.0)
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9
    return float(value) if number else None
