"""The profiles of a target, kept: `benchmarks/boards/<target>.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from edge_asr.config import build, to_table
from edge_asr.deploy.profile import Profile
from edge_asr.errors import ConfigError, DeployError
from edge_asr.files import write_whole

MOST_PROFILES = 50
"""That are kept, the newest."""


@dataclass(frozen=True)
class History:
    """The file."""

    target: str
    profiles: tuple[Profile, ...] = ()
    """The newest last."""

    def last(self, bundle: str) -> Profile | None:
        """The newest profile of a bundle of that name."""
        return next((profile for profile in reversed(self.profiles) if profile.bundle == bundle), None)


def read_history(path: Path, target: str) -> History:
    """What is kept in `path`; nothing where there is no such file. Raises `DeployError` for a damaged one or another target's."""
    if not path.exists():
        return History(target)
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        history = build(History, table if isinstance(table, dict) else {}, source=str(path))
    except (OSError, ValueError, RecursionError, ConfigError) as err:
        raise DeployError(f"{path}: expected the profiles of {target}, found: {err}: move it away") from err
    if history.target != target:
        raise DeployError(f"{path}: expected the profiles of {target}, found those of {history.target}: move it away")
    return history


def keep_profile(path: Path, history: History, profile: Profile) -> None:
    """Write `history` with `profile` behind it to `path`. Raises `DeployError` when it can't be written."""
    kept = History(history.target, (*history.profiles, profile)[-MOST_PROFILES:])
    try:
        write_whole(path, (json.dumps(to_table(kept), indent=1) + "\n").encode())
    except OSError as err:
        raise DeployError(f"{path}: the profile can't be written: {err}") from err
