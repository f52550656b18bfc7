"""A release without a site: a bundle that detects tones, its clip, and what it hears there."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from edge_asr.bundle.store import Bundle
from edge_asr.config import to_table
from edge_asr.deploy.release import Release, ReleaseDraft, write_release
from edge_asr.runtime.board import BoardSettings, Budgets, RunSpec
from edge_asr.runtime.encode_wav import encode_wav
from edge_asr.runtime.hear_clip import expect, load_runner, write_expected
from edge_asr.runtime.release import BUNDLE, CLIP, EXPECTED, SELFTEST, SETTINGS

RATE = 16000
CLIP_TONES = ((1000, 1.5), (3000, 4.0))
"""Hz, and the second at which each begins: "yes" and "no" to the tiny models."""


def tones(seconds: float = 6.0) -> np.ndarray:
    """int16 (n,): faint noise, and for a second each the tones of `CLIP_TONES`."""
    t = np.arange(round(seconds * RATE)) / RATE
    sound = np.random.default_rng(0).normal(0, 16, len(t))
    for pitch, start in CLIP_TONES:
        sound += np.where((t >= start) & (t < start + 1), 8000 * np.sin(2 * np.pi * pitch * t), 0)
    return np.rint(sound).astype(np.int16)


def tone_release(folder: Path, bundle: Bundle, settings: BoardSettings | None = None) -> Release:
    """Such a release in `folder`, as it would be packed here."""
    shutil.copytree(bundle.path, folder / BUNDLE)
    (folder / SELFTEST).mkdir()
    clip = tones()
    (folder / SELFTEST / CLIP).write_bytes(encode_wav(clip.astype(np.float32) / np.float32(32768), RATE))
    write_expected(folder / SELFTEST / EXPECTED, expect(load_runner(bundle, RunSpec()), clip))
    write_settings(folder, settings or BoardSettings("pi4"))
    return describe(folder)


def write_settings(folder: Path, settings: BoardSettings) -> None:
    """`settings.json`."""
    (folder / SETTINGS).write_text(json.dumps(to_table(settings)))


def describe(folder: Path) -> Release:
    """Write `release.json` for what lies there now."""
    draft = ReleaseDraft("pi4", "tiny", "0" * 64, "0.1.0", "x86_64", "3.11")
    return write_release(folder, draft, datetime(2025, 1, 31, tzinfo=timezone.utc))


TOO_SMALL = Budgets(cpu_percent=1e-6, step_p95_ms=1e-6, resident_mb=0.5, bundle_kb=0.5)
"""Budgets that nothing meets."""
