"""Change one thing of a bundle in place: how it decides, one of its models, or one of its other files.

A crash at any moment leaves the older bundle or the new one. All raise `BundleError` as `read_bundle` and `write_bundle` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_asr.bundle.manifest import DetectSpec, Form
from edge_asr.bundle.read_file import MANIFEST
from edge_asr.bundle.speech import AssetRole, SpeechDecodeSpec
from edge_asr.bundle.store import (
    Bundle,
    ModelPart,
    describe_asset,
    describe_model,
    manifest_text,
    parse_manifest,
    put_files,
    read_bundle,
)
from edge_asr.config import to_table


def rewrite_manifest(
    path: Path, *, provenance: Mapping[str, Any], detect: DetectSpec | None = None, speech: SpeechDecodeSpec | None = None
) -> Bundle:
    """Change how the bundle in the folder `path` decides (None: not) and what it says about itself; its files are not touched."""
    changed = {name: to_table(spec) for name, spec in (("detect", detect), ("speech", speech)) if spec is not None}
    return _change(read_bundle(path), {**changed, "provenance": dict(provenance)}, {})


def replace_asset(path: Path, role: AssetRole, name: str, content: bytes) -> Bundle:
    """Put the file `name` into the bundle in the folder `path`, instead of the one that has its role, if there is one."""
    bundle = read_bundle(path)
    asset = describe_asset(role, name, content)
    others = [entry for entry in bundle.manifest.assets if entry.role != role]
    return _change(bundle, {"assets": to_table((*others, asset))}, {asset.file: content})


def replace_model(path: Path, form: Form, part: ModelPart) -> Bundle:
    """Put a model into the bundle in the folder `path`, instead of the one of its form, if there is one."""
    bundle = read_bundle(path)
    model = describe_model(form, part)
    others = [entry for entry in bundle.manifest.models if entry.form != form]
    return _change(bundle, {"models": to_table((*others, model))}, {model.file: part.content})


def _change(bundle: Bundle, changed: Mapping[str, Any], contents: Mapping[str, bytes]) -> Bundle:
    """The bundle with other entries in its manifest and these files beside it, by name."""
    text = manifest_text({**to_table(bundle.manifest), **changed}, bundle.path)
    manifest = parse_manifest(text, bundle.path / MANIFEST)
    outdated = {entry.file for entry in bundle.manifest.files} - {entry.file for entry in manifest.files}
    put_files(bundle.path, contents, text, outdated=outdated)
    return read_bundle(bundle.path)
