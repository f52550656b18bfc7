"""What a release says to the board that it is on: how to run, what to hear, what it may cost."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edge_asr.config import build, setting
from edge_asr.errors import ConfigError
from edge_asr.runtime.accelerator import Accelerator
from edge_asr.runtime.interpreter import Kernels

SETTINGS_LIMIT = 1 << 16
"""Bytes. Real settings have a thousand."""


@dataclass(frozen=True)
class RunSpec:
    """How a bundle's model runs."""

    form: Literal["", "stream", "window", "edgetpu"] = ""
    """Form of the model; empty: the best for the accelerator that the bundle has."""
    threads: int = setting(1, min=1, max=64)
    """Threads of the interpreter."""
    kernels: Kernels = "default"
    accelerator: Accelerator = field(default_factory=Accelerator)

    def __post_init__(self) -> None:
        """Raises `ConfigError` for a compiled form without its chip."""
        if self.form == "edgetpu" and self.accelerator.delegate != "edgetpu":
            raise ConfigError(f"form 'edgetpu' runs on the delegate 'edgetpu' alone, found {self.accelerator.delegate!r}")


@dataclass(frozen=True)
class AudioSpec:
    """The microphone."""

    device: str = ""
    """Its number or a part of its name (`edge-asr devices`); empty: the system's."""
    rate: int = setting(0, min=0, max=192_000)
    """Hz to record at, resampled where it is not the bundle's (extra `resample`); 0: the bundle's."""
    chunk_ms: float = setting(80.0, min=5.0, max=2000.0)
    """Milliseconds of audio that are read at once."""

    def __post_init__(self) -> None:
        """Raises `ConfigError` for a device that no line can hold."""
        if not self.device.isprintable() or len(self.device) > 200:
            raise ConfigError(f"device must be at most 200 printable characters, found {self.device!r:.80}")


@dataclass(frozen=True)
class Budgets:
    """What listening may cost at most; 0: anything."""

    cpu_percent: float = setting(0.0, min=0.0, max=6400.0)
    """Of one core, while listening."""
    step_p95_ms: float = setting(0.0, min=0.0, max=10_000.0)
    """Milliseconds from a step's last sample to its answer, 95th percentile."""
    resident_mb: float = setting(0.0, min=0.0, max=65_536.0)
    """Resident memory of the process, in megabytes (1e6 bytes)."""
    bundle_kb: float = setting(0.0, min=0.0, max=1e6)
    """Files of the bundle that run, in kilobytes (1e3 bytes)."""


@dataclass(frozen=True)
class BoardSettings:
    """`settings.json` of a release."""

    target: str
    """Name of the target that it was made for."""
    run: RunSpec = field(default_factory=RunSpec)
    audio: AudioSpec = field(default_factory=AudioSpec)
    budgets: Budgets = field(default_factory=Budgets)
    require_signature: bool = False
    """Run the bundle only if `public_key` says that it is signed."""
    public_key: str = ""
    """Ed25519, 32 bytes in base64."""

    def __post_init__(self) -> None:
        """Raises `ConfigError` where nothing could be checked."""
        if self.require_signature and not self.public_key:
            raise ConfigError("require_signature needs a public_key, found none: invoke keys")


def read_settings(path: Path) -> BoardSettings:
    """Read `settings.json`, strictly. Raises `ConfigError` when it is missing, not JSON, too large or not such settings."""
    try:
        with path.open("rb") as file:
            content = file.read(SETTINGS_LIMIT + 1)
        if len(content) > SETTINGS_LIMIT:
            raise ConfigError(f"{path}: expected settings of at most {SETTINGS_LIMIT} bytes, found more: deploy again")
        table = json.loads(content.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as err:
        raise ConfigError(f"{path}: expected a release's settings as JSON, found: {err}: deploy again") from err
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: expected a table of settings, found {type(table).__name__}: deploy again")
    return build(BoardSettings, table, source=str(path))
