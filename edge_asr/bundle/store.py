"""Bundles on disk: read with every check before anything runs, written so that a crash never leaves half of one."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_asr.bundle.manifest import SCHEMA, DetectSpec, Form, Kind, Manifest, ModelFile, TensorSpec
from edge_asr.bundle.read_file import MANIFEST, MANIFEST_LIMIT, read_file
from edge_asr.bundle.signature import verify_signature
from edge_asr.bundle.speech import Asset, AssetRole, SpeechDecodeSpec
from edge_asr.config import build, to_table
from edge_asr.errors import BundleError, ConfigError
from edge_asr.files import write_whole
from edge_asr.frontend.spec import FrontendSpec

MODEL_LIMIT = 64 << 20
"""Bytes. A model that a small board can't hold is refused before it is read."""
ASSET_LIMIT = 32 << 20
"""Bytes. Likewise of a language model or a grammar."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files fit its manifest."""

    path: Path
    manifest: Manifest
    models: Mapping[Form, bytes]
    """The `.tflite` bytes that were checked, by form."""
    assets: Mapping[AssetRole, bytes] = field(default_factory=dict)
    """The other files' bytes, checked as well, by role."""


@dataclass(frozen=True)
class ModelPart:
    """One form of a model on its way into a bundle; the fields are `ModelFile`'s."""

    content: bytes
    """The `.tflite` file."""
    input: TensorSpec
    output: TensorSpec
    states: tuple[TensorSpec, ...] = ()
    field_frames: int = 0


@dataclass(frozen=True)
class ManifestDraft:
    """A `Manifest` without what `write_bundle` fills in from the model files."""

    name: str
    labels: tuple[str, ...]
    frontend: FrontendSpec
    detect: DetectSpec = field(default_factory=DetectSpec)
    clip_samples: int = 0
    kind: Kind = "keywords"
    speech: SpeechDecodeSpec | None = None
    created: str = ""
    made_by: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)


def read_bundle(path: Path, *, public_key: str | None = None) -> Bundle:
    """Read and verify the bundle in the folder `path`: manifest, file names, sizes and SHA-256 hashes.

    `public_key`: take it only if it is signed with that key; see `verify_signature`.
    Raises `BundleError` for anything that is missing, damaged, too new, too large or points outside of the folder.
    """
    folder = Path(path)
    text = read_file(folder, MANIFEST, MANIFEST_LIMIT)
    if public_key is not None:
        verify_signature(folder, public_key, text)  # of the very bytes that are parsed
    manifest = parse_manifest(text, folder / MANIFEST)
    models = {model.form: _read_checked(folder, model) for model in manifest.models}
    return Bundle(folder, manifest, models, {asset.role: _read_checked(folder, asset) for asset in manifest.assets})


def write_bundle(
    path: Path,
    draft: ManifestDraft,
    models: Mapping[Form, ModelPart],
    assets: Mapping[AssetRole, tuple[str, bytes]] | None = None,
) -> Bundle:
    """Write `models` (by form), `assets` (by role: file name and content) and their manifest to the folder `path`.

    Other files there are left alone. The files' names carry their hash (`grammar.json` becomes `grammar-1f0e94c2.json`), the
    manifest is renamed into place after them, and an older bundle's files go last: a crash at any moment leaves the older
    bundle or the new one whole. The files are world-readable.
    Raises `BundleError` when the parts don't fit together or the folder can't be written.
    """
    folder, more = Path(path), assets or {}
    entries = tuple(describe_model(form, part) for form, part in models.items())
    extras = tuple(describe_asset(role, *named) for role, named in more.items())
    table = {"schema": SCHEMA, **to_table(draft), "models": to_table(entries), "assets": to_table(extras)}
    text = manifest_text(table, folder)
    manifest = parse_manifest(text, folder / MANIFEST)
    contents = {entry.file: models[entry.form].content for entry in entries}
    contents |= {entry.file: more[entry.role][1] for entry in extras}
    put_files(folder, contents, text, outdated=_files_of_older_bundle(folder) - set(contents))
    by_role = {role: content for role, (_, content) in more.items()}
    return Bundle(folder, manifest, {form: part.content for form, part in models.items()}, by_role)


def put_files(folder: Path, contents: Mapping[str, bytes], manifest: bytes, *, outdated: Collection[str]) -> None:
    """Write a bundle's files by name, then its manifest, and take away the outdated ones. Raises `BundleError`."""
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True)
            folder.chmod(0o755)
        for name, content in contents.items():
            write_whole(folder / name, content)
        write_whole(folder / MANIFEST, manifest)
        for name in outdated:
            (folder / name).unlink()
    except OSError as err:
        raise BundleError(f"{folder}: the bundle can't be written: {err}") from err


def manifest_text(table: Mapping[str, Any], folder: Path) -> bytes:
    """The bytes of `manifest.json`. Raises `BundleError` for what JSON does not hold."""
    try:
        return json.dumps(table, indent=1).encode()
    except (TypeError, ValueError) as err:
        raise BundleError(f"{folder}: the manifest can't be written as JSON: {err}") from err


def parse_manifest(text: bytes, source: Path) -> Manifest:
    """The manifest of `source`, checked as far as that goes without the files. Raises `BundleError`."""
    if len(text) > MANIFEST_LIMIT:
        raise BundleError(f"{source}: expected at most {MANIFEST_LIMIT} bytes, found more")
    try:
        table = json.loads(text.decode("utf-8"), parse_constant=_finite, parse_float=_finite)
        json.dumps(table, ensure_ascii=False).encode("utf-8")  # refuses lone surrogates, which can't be printed
    except (ValueError, RecursionError) as err:
        raise BundleError(f"{source}: expected a JSON manifest, found: {err}") from err
    schema = table.get("schema") if isinstance(table, dict) else None
    if not isinstance(schema, int):
        raise BundleError(f"{source}: expected a bundle's manifest with a schema number, found none")
    if schema > SCHEMA:
        raise BundleError(f"{source}: schema {schema} is newer than {SCHEMA}, the newest known here: update edge-asr")
    try:
        manifest = build(Manifest, table, source=str(source))
    except ConfigError as err:
        raise BundleError(str(err)) from err
    _check_names(manifest, source)
    return manifest


def _check_names(manifest: Manifest, source: Path) -> None:
    for shown in (manifest.name, *manifest.labels):
        if not shown.isprintable():
            raise BundleError(f"{source}: name and labels must be printable, found {shown!r:.80}")
    for what, said in (
        ("models must have different forms", [model.form for model in manifest.models]),
        ("assets must have different roles", [asset.role for asset in manifest.assets]),
        ("models and assets must be different files", [entry.file for entry in manifest.files]),
    ):
        if len(set(said)) != len(said):
            raise BundleError(f"{source}: {what}, found {', '.join(said):.200}")
    for entry in manifest.files:
        limit = MODEL_LIMIT if isinstance(entry, ModelFile) else ASSET_LIMIT
        if not _PLAIN_NAME.fullmatch(entry.file):
            raise BundleError(f"{source}: expected the plain name of a file beside it, found {entry.file!r:.120}")
        if entry.size > limit:
            raise BundleError(f"{source}: {entry.file} must have at most {limit} bytes, found {entry.size}")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text}, which is not finite")
    return value


def _read_checked(folder: Path, entry: ModelFile | Asset) -> bytes:
    content = read_file(folder, entry.file, entry.size)
    if len(content) != entry.size:
        found = "more" if len(content) > entry.size else str(len(content))
        raise BundleError(f"{folder / entry.file}: expected {entry.size} bytes, found {found}: copy it again")
    found = hashlib.sha256(content).hexdigest()
    if found != entry.sha256:
        raise BundleError(f"{folder / entry.file}: expected SHA-256 {entry.sha256}, found {found}: copy it again")
    return content


def describe_model(form: Form, part: ModelPart) -> ModelFile:
    """The manifest's entry of a model, whose file name carries its hash."""
    digest = hashlib.sha256(part.content).hexdigest()
    name = f"{form}-{digest[:8]}.tflite"
    return ModelFile(form, name, digest, len(part.content), part.input, part.output, part.states, part.field_frames)


def describe_asset(role: AssetRole, name: str, content: bytes) -> Asset:
    """Likewise of an asset."""
    digest = hashlib.sha256(content).hexdigest()
    stem, dot, suffix = name.rpartition(".")
    return Asset(role, f"{stem}-{digest[:8]}.{suffix}" if dot else f"{name}-{digest[:8]}", digest, len(content))


def _files_of_older_bundle(folder: Path) -> set[str]:
    try:
        manifest = read_bundle(folder).manifest
    except BundleError:
        return set()
    return {entry.file for entry in manifest.files}
