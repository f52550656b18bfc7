"""Is a release what was packed, and does it hear here what it heard there? What decides on a board whether it stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.signature import verify_signature
from edge_asr.bundle.store import read_bundle
from edge_asr.errors import AudioError, EdgeAsrError
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.board import read_settings
from edge_asr.runtime.budgets import compare, measure_cost
from edge_asr.runtime.doctor import Check, examine
from edge_asr.runtime.engine import Engine
from edge_asr.runtime.hear_clip import Expected, difference, hear, load_runner, read_expected
from edge_asr.runtime.release import BUNDLE, CLIP, EXPECTED, SELFTEST, SETTINGS, read_release
from edge_asr.runtime.release_files import verify_files
from edge_asr.runtime.speech_engine import SpeechEngine
from edge_asr.runtime.wav import read_wav

ADVICE = {
    "files": "deploy the release again",
    "settings": "pack the release again",
    "signature": "sign the bundle with the key of this target (invoke sign), and deploy it again",
    "bundle": "pack the release again",
    "clip": "this machine or its accelerator computes something else: try --kernels builtin, another form, or no delegate",
    "budgets": "run edge-asr bench with the release's bundle to see what fails",
}
"""What to do when a check fails."""


def selftest(folder: Path, *, exact: bool = False, budgets: bool = True, progress: Progress = no_progress) -> Iterator[Check]:
    """Check the release in `folder` on this machine, one thing after the other: its files, settings and signature, what the
    doctor finds, the clip's events, and the budgets.

    `exact`: what is heard must be equal to the last bit, as it is with the same kernels. `budgets`: measure them; not where
    the machine is emulated or busy with something else. What can't be gone on from ends it: a file that was changed is not
    run. Does not raise: what is wrong is in the answers.
    """
    name = "files"
    try:
        release = read_release(folder)
        verify_files(release, progress=progress)
        yield Check(name, "ok", f"{release.id}: {len(release.files)} files, {release.size / 1e6:.1f} MB, as packed")
        name = "settings"
        settings = read_settings(folder / SETTINGS)
        if settings.require_signature:
            name = "signature"
            verify_signature(folder / BUNDLE, settings.public_key)
            yield Check(name, "ok", "the bundle is signed with the target's key")
        yield from _doctor()
        name = "bundle"
        bundle = read_bundle(folder / BUNDLE)
        engine = load_runner(bundle, settings.run)
        name = "clip"
        clip = read_clip(folder / SELFTEST / CLIP, bundle.manifest.frontend.sample_rate)
        yield _clip(engine, clip, read_expected(folder / SELFTEST / EXPECTED), exact)
        if budgets:
            name = "budgets"
            yield from compare(measure_cost(bundle, settings.run, engine, clip, progress), settings.budgets)
    except EdgeAsrError as err:
        yield Check(name, "failed", str(err), ADVICE[name])


def read_clip(path: Path, sample_rate: int) -> NDArray[np.int16]:
    """A self-test's clip, int16 (n,) as it was heard when the release was made. Raises `AudioError` for other files."""
    samples, rate = read_wav(path)
    if rate != sample_rate:
        raise AudioError(f"{path}: expected a clip at the bundle's {sample_rate} Hz, found {rate} Hz")
    return np.round(samples * 32768.0).astype(np.int16)  # exact: the file holds 16-bit samples


def _doctor() -> Iterator[Check]:
    checks = examine()
    yield from (check for check in checks if check.status == "failed")
    missing = ", ".join(check.name for check in checks if check.status == "missing")
    if all(check.status != "failed" for check in checks):
        yield Check("doctor", "ok", f"{len(checks)} checks, none failed" + (f"; missing: {missing}" if missing else ""))


def _clip(engine: Engine | SpeechEngine, clip: NDArray[np.int16], expected: Expected, exact: bool) -> Check:
    heard = hear(engine, clip)
    about = engine.interpreter.description
    ran = f"{engine.model.form} form, {about.package} {about.version}, {about.kernels} kernels, {about.accelerator}"
    ran += f" ({about.fallback})" if about.fallback else ""
    if problem := difference(expected, heard, exact=exact):
        there = f"{expected.form} form, {expected.package}, {expected.kernels} kernels, {expected.accelerator}"
        return Check("clip", "failed", f"{problem}. Here: {ran}; where it was packed: {there}", ADVICE["clip"])
    words = ", ".join(event.what for event in heard)
    return Check("clip", "ok", f"heard {words}{', bit for bit' if exact else ''} ({ran})")
