"""What somebody has put into a recogniser's bundle (`invoke lm`, `invoke grammar`) outlives its being written anew."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from edge_asr.bundle.manifest import Manifest
from edge_asr.bundle.read_file import MANIFEST
from edge_asr.bundle.speech import Asset, AssetRole
from edge_asr.bundle.store import read_bundle
from edge_asr.errors import BundleError
from edge_asr.training.recipe import Recipe

Assets: TypeAlias = Mapping[AssetRole, tuple[str, bytes]]
"""File name and content, by role, as `write_bundle` takes them."""
RECORD = "assets"
"""In a manifest's provenance: the SHA-256, by role, of what the run itself put into the bundle."""

_WHAT: dict[AssetRole, str] = {"lm": "language model", "grammar": "grammar"}
_AGAIN: dict[AssetRole, str] = {"lm": "invoke lm --text FILE", "grammar": "invoke grammar --templates FILE"}


def keep_assets(folder: Path, recipe: Recipe, own: Assets, say: Callable[[str], None] = lambda line: None) -> Assets:
    """What goes into the bundle that is about to be written to `folder`: `own`, the run's, and what was put there by hand.

    That is what no run has put there, as far as the older bundle's `RECORD` and `own` tell. It stays, instead of the run's own,
    where the older bundle writes the tokens of `recipe`, and is dropped where it may have words that they can't write. `say` is
    told which.
    """
    if not (folder / MANIFEST).exists():
        return own
    try:
        older = read_bundle(folder)
    except BundleError as err:
        say(f"{folder}: could not look for what invoke lm or invoke grammar put there; put it there again. {err}")
        return own
    by_hand = [asset for asset in older.manifest.assets if _by_hand(asset, older.manifest, own)]
    fits = _writes_tokens_of(recipe, older.manifest)
    for asset in by_hand:
        say(f"{folder}: {_fate(asset, fits, asset.role in own)} --bundle {folder}")
    return {**own, **{asset.role: (_plain_name(asset), older.assets[asset.role]) for asset in by_hand if fits}}


def record_of(own: Assets) -> dict[str, str]:
    """`RECORD` of what a run puts into its bundle."""
    return {role: hashlib.sha256(content).hexdigest() for role, (_, content) in own.items()}


def _by_hand(asset: Asset, manifest: Manifest, own: Assets) -> bool:
    record = manifest.provenance.get(RECORD)
    by_run = record.get(asset.role) if isinstance(record, dict) else None
    return asset.sha256 not in (by_run, record_of(own).get(asset.role))


def _writes_tokens_of(recipe: Recipe, manifest: Manifest) -> bool:
    assert recipe.decode is not None
    return manifest.speech is not None and (manifest.labels, manifest.speech.unit) == (recipe.data.labels, recipe.decode.unit)


def _fate(asset: Asset, fits: bool, has_own: bool) -> str:
    named = f"the {_WHAT[asset.role]} {asset.file}, which was put there by hand"
    if fits:
        instead = ", instead of the run's own" if has_own else ""
        return f"kept {named}{instead}; another one: {_AGAIN[asset.role]}"
    instead = ", the run's own is there now" if has_own else ""
    return f"dropped {named}: it is for other tokens{instead}. To put it there again: {_AGAIN[asset.role]}"


def _plain_name(asset: Asset) -> str:
    """The file's name without the hash that `write_bundle` gives it."""
    return asset.file.replace(f"-{asset.sha256[:8]}", "")
