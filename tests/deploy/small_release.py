"""A release of a few files, for tests of its way to a board."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from edge_asr.deploy.release import Release, ReleaseDraft, write_release

LAUNCHER = '#!/bin/sh\necho "$0 $*"\n'


def small_release(folder: Path, minute: int = 0, *, second: int = 0, launcher: str = LAUNCHER, **files: bytes) -> Release:
    """A release made at 12:`minute`, which its unit names; `files` come below `site`, beside one that is in every release."""
    content = {
        "edge-asr": launcher.encode(),
        "edge-asr.service": f"[Unit]\nDescription=release {minute}\n".encode(),
        "settings.json": b"{}",
        "bundle/manifest.json": b'{"name": "small"}',
        "site/common.py": b"common = True\n",
        **{f"site/{name}": body for name, body in files.items()},
    }
    for path, body in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body)
    (folder / "edge-asr").chmod(0o755)
    draft = ReleaseDraft("x86_64", "small", "0" * 64, "0.1.0", "x86_64", "3.11")
    return write_release(folder, draft, datetime(2025, 1, 31, 12, minute, second, tzinfo=timezone.utc))


def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that no archive makes smaller."""
    return np.random.default_rng(seed).bytes(size)
