"""Packing a release: everything that a board needs, beside its own Python, in one folder (docs/deploying.md)."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import edge_asr
from edge_asr.bundle.read_file import MANIFEST
from edge_asr.bundle.signature import SIGNATURE, verify_signature
from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.config import to_table
from edge_asr.deploy.clip import expect_events, make_clip, read_user_clip
from edge_asr.deploy.packages import CONSTRAINTS, pinned, release_packages
from edge_asr.deploy.release import Release, ReleaseDraft, write_release
from edge_asr.deploy.site_folder import fill_site
from edge_asr.deploy.target import Target
from edge_asr.deploy.unit import unit_text
from edge_asr.deploy.wheel import write_project_wheel
from edge_asr.deploy.wheelhouse import make_wheelhouse
from edge_asr.errors import DeployError
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.accelerator import GPU
from edge_asr.runtime.encode_wav import encode_wav
from edge_asr.runtime.hear_clip import write_expected
from edge_asr.runtime.release import BUNDLE, CLIP, EXPECTED, LAUNCHER, SELFTEST, SETTINGS, SITE, UNIT
from edge_asr.runtime.release_files import sha256_of

CACHE = Path(".cache")
LAUNCH = """\
#!/bin/sh
# Runs edge-asr from the release that this lies in, from wherever and through whatever link it is called.
here=$(dirname -- "$(readlink -f -- "$0")")
command -v python{python} >/dev/null || {{
  echo "edge-asr: error: this release is for Python {python}, found no python{python}; pack one for this system" >&2
  exit 2
}}
export PYTHONPATH="$here/site" PYTHONNOUSERSITE=1 PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1
exec python{python} -m edge_asr.cli "$@"
"""
"""The folder is resolved once: a process goes on with its own release when `current` is switched. No byte code is written,
for a release holds what was packed and nothing else."""


def pack_release(
    bundle: Path,
    target: Target,
    folder: Path,
    *,
    cache: Path = CACHE,
    constraints: Path = CONSTRAINTS,
    clip: Path | None = None,
    public_key: str = "",
    progress: Progress = no_progress,
) -> Release:
    """Pack `bundle` for `target` into a new folder below `folder`, which has the release's id for its name.

    `cache`: where wheels and spoken words are kept for the next time. `constraints`: the packages' versions. `clip`: an audio
    file for the self-test, instead of synthetic voices. `public_key`: Ed25519 in base64, where the target requires signatures.
    The same parts make the same release but for the time in its id. An interrupted run leaves nothing but the caches.

    Raises `BundleError` for the bundle and its signature, `ConfigError` for a target that it does not fit, `AudioError` for the
    clip, `SynthesisError` without voices, and `DeployError` for all else that prevents a release.
    """
    checked, settings = read_bundle(bundle), target.settings(public_key)
    if settings.require_signature:
        verify_signature(bundle, public_key)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".packing-") as temporary:
            root = Path(temporary) / "release"
            _copy_bundle(checked, root / BUNDLE)
            _write_selftest(root / SELFTEST, checked, target, clip, cache, progress)
            (root / SETTINGS).write_text(json.dumps(to_table(settings), indent=1), encoding="utf-8")
            (root / LAUNCHER).write_text(LAUNCH.format(python=target.board.python), encoding="utf-8")
            unit = unit_text(target, target.folder, kind=checked.manifest.kind, public_key=public_key)
            (root / UNIT).write_text(unit, encoding="utf-8")
            requirements = pinned(release_packages(checked.manifest, target), target.board, constraints)
            wheels = make_wheelhouse(target.board, requirements, cache, progress=progress)
            gpu = target.run.accelerator.delegate == GPU
            fill_site([*wheels, write_project_wheel(Path(temporary))], root / SITE, gpu=gpu, progress=progress)
            return _finish(root, folder, checked, target)
    except OSError as err:
        raise DeployError(f"{folder}: the release can't be written: {err.strerror or err}") from err


def _copy_bundle(bundle: Bundle, folder: Path) -> None:
    """What its manifest names, and the signature where there is one; not the recipe and the teachers beside it."""
    folder.mkdir(parents=True)
    names = [MANIFEST, *(file.file for file in bundle.manifest.files)]
    if (bundle.path / SIGNATURE).is_file():
        names.append(SIGNATURE)
    for name in names:
        (folder / name).write_bytes((bundle.path / name).read_bytes())
    read_bundle(folder)  # what was copied is what was checked


def _write_selftest(folder: Path, bundle: Bundle, target: Target, clip: Path | None, cache: Path, progress: Progress) -> None:
    rate = bundle.manifest.frontend.sample_rate
    samples: NDArray[np.int16]
    samples = make_clip(bundle, target.run, cache, progress=progress) if clip is None else read_user_clip(clip, rate)
    expected = expect_events(bundle, target.run, samples)
    folder.mkdir()
    (folder / CLIP).write_bytes(encode_wav(samples.astype(np.float32) / np.float32(32768), rate))
    write_expected(folder / EXPECTED, expected)


def _finish(root: Path, folder: Path, bundle: Bundle, target: Target) -> Release:
    """Give every file its mode, describe them, and put the whole in its place."""
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path == root / LAUNCHER else 0o644)
    draft = ReleaseDraft(
        target=target.name,
        bundle=bundle.manifest.name,
        manifest_sha256=sha256_of(root / BUNDLE / MANIFEST),
        edge_asr=edge_asr.__version__,
        machine=target.board.machine,
        python=target.board.python,
    )
    release = write_release(root, draft, datetime.now(timezone.utc))
    place = folder / release.id
    if not place.exists():  # the same, packed within the same second
        root.rename(place)
    return replace(release, path=place)
