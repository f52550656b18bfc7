"""A target: one TOML file that says what board a bundle goes to, and the frozen dataclass it becomes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edge_asr.config import apply_overrides, build, read_toml, setting
from edge_asr.errors import ConfigError
from edge_asr.runtime.board import AudioSpec, BoardSettings, Budgets, RunSpec

TARGETS = Path("targets")
"""Where the shipped targets are, below the repository's top."""

_WHEELS_GLIBC: dict[str, tuple[int, int]] = {"ai-edge-litert": (2, 27), "tflite-runtime": (2, 34)}
"""The oldest C library that the interpreters' wheels load with."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]{1,99}")
_FOLDER = re.compile(r"(/[A-Za-z0-9._-]+)+")


@dataclass(frozen=True)
class Board:
    """The machine and its system."""

    machine: Literal["aarch64", "x86_64", "armv7l"]
    """As `uname -m` says it, of the programs rather than the kernel: armv7l on a 32-bit system."""
    python: str = "3.11"
    """Version of the board's `python3`."""
    glibc: str = "2.36"
    """Version of its C library, which decides what wheels it can load."""
    interpreter: Literal["ai-edge-litert", "tflite-runtime"] = "ai-edge-litert"
    packages: tuple[str, ...] = ()
    """Of the distribution, to be there before a release comes."""

    def __post_init__(self) -> None:
        """Raises `ConfigError` for a combination that no wheel exists for."""
        if not re.fullmatch(r"3\.1[0-3]", self.python):
            raise ConfigError(f"python must be 3.10 to 3.13, found {self.python!r}")
        if not re.fullmatch(r"2\.\d\d", self.glibc):
            raise ConfigError(f"glibc must be a version like 2.36, found {self.glibc!r}")
        _check_texts("packages", self.packages, _PACKAGE)
        if self.machine == "armv7l" and self.interpreter != "tflite-runtime":
            raise ConfigError("interpreter must be 'tflite-runtime' on armv7l, for which LiteRT has no wheel")
        if self.interpreter == "tflite-runtime" and self.python not in ("3.10", "3.11"):
            raise ConfigError(f"interpreter 'tflite-runtime' has wheels up to Python 3.11, found python {self.python!r}")
        major, minor = _WHEELS_GLIBC[self.interpreter]
        if tuple(map(int, self.glibc.split("."))) < (major, minor):
            raise ConfigError(
                f"interpreter {self.interpreter!r} has wheels from glibc {major}.{minor} on, found glibc {self.glibc!r}"
            )


@dataclass(frozen=True)
class Service:
    """The systemd service that listens."""

    name: str = "edge-asr"
    user: str = ""
    """Who it runs as; empty: a user that systemd makes up (`DynamicUser`)."""
    groups: tuple[str, ...] = ("audio",)
    """Its further groups: what opens the microphone, and the accelerator's device."""
    memory_mb: int = setting(200, min=16, max=65_536)
    """Megabytes at which it is ended."""
    cpu_percent: int = setting(100, min=1, max=6400)
    """Of one core, at most."""
    network: bool = False
    """May it use the network?"""
    restart_s: float = setting(5.0, min=0.1, max=3600.0)
    """Seconds until it is started again after a failure; longer each time."""

    def __post_init__(self) -> None:
        """Raises `ConfigError` for names that a unit can't hold."""
        _check_texts("name", (self.name,), _NAME)
        _check_texts("user", (self.user,) if self.user else (), _NAME)
        _check_texts("groups", self.groups, _NAME)


@dataclass(frozen=True)
class Target:
    """Where a bundle goes, how it runs there and what it may cost."""

    name: str
    description: str
    board: Board
    run: RunSpec = field(default_factory=RunSpec)
    audio: AudioSpec = field(default_factory=AudioSpec)
    service: Service = field(default_factory=Service)
    budgets: Budgets = field(default_factory=Budgets)
    require_signature: bool = False
    """Nothing runs there that is not signed with the workstation's key."""
    folder: str = "/opt/edge-asr"
    """On the board: releases are below it."""
    keep: int = setting(3, min=2, max=100)
    """Releases that stay there, with the one that runs."""

    def __post_init__(self) -> None:
        """Raises `ConfigError` where tables don't fit together."""
        _check_texts("name", (self.name,), _NAME)
        if not self.description.strip() or not self.description.isprintable():
            raise ConfigError(f"description must be a printable line, found {self.description!r:.80}")
        if not _FOLDER.fullmatch(self.folder) or {".", ".."} & set(self.folder.split("/")):
            raise ConfigError(f"folder must be a full path of letters, digits, '.', '_' and '-', found {self.folder!r:.80}")
        if self.run.accelerator.delegate == "gpu" and self.board.interpreter != "ai-edge-litert":
            raise ConfigError(f"delegate 'gpu' needs the interpreter 'ai-edge-litert', found {self.board.interpreter!r}")
        for name, budget, limit in (
            ("resident_mb", self.budgets.resident_mb, self.service.memory_mb),
            ("cpu_percent", self.budgets.cpu_percent, self.service.cpu_percent),
        ):
            if budget > limit:
                raise ConfigError(f"budgets.{name} must be at most {limit}, which the service gets, found {budget:g}")

    def settings(self, public_key: str = "") -> BoardSettings:
        """What a release for this target says to the board. Raises `ConfigError` when it needs a `public_key` and has none."""
        return BoardSettings(self.name, self.run, self.audio, self.budgets, self.require_signature, public_key)


def load_target(named: str | Path, overrides: Iterable[str] = ()) -> Target:
    """Read the target's TOML file: a path that ends with .toml, or the name of one in `targets`.

    `overrides`: texts like `run.threads=2`. Raises `ConfigError` for anything that is unknown, missing or out of range.
    """
    path = Path(named) if str(named).endswith(".toml") else _shipped(str(named))
    return build(Target, apply_overrides(read_toml(path), overrides), source=str(path))


def list_targets(folder: Path = TARGETS) -> tuple[Target, ...]:
    """All targets in `folder`, by name. Raises `ConfigError` when there are none or one is wrong."""
    paths = sorted(folder.glob("*.toml"), key=lambda path: path.stem)
    if not paths:
        raise ConfigError(f"{folder}: expected targets (*.toml), found none: run this at the repository's top")
    return tuple(load_target(path) for path in paths)


def _shipped(name: str) -> Path:
    path = TARGETS / f"{name}.toml"
    if _NAME.fullmatch(name) and path.is_file():
        return path
    names = sorted(file.stem for file in TARGETS.glob("*.toml"))
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    there = ", ".join(names) or "none: run this at the repository's top"
    raise ConfigError(f"{name!r:.80}: expected a target's TOML file, or one of {there}{hint}")


def _check_texts(key: str, texts: Iterable[str], pattern: re.Pattern[str]) -> None:
    for text in texts:
        if not pattern.fullmatch(text):
            raise ConfigError(f"{key}: {text!r:.80} is not a name that the board's system takes ({pattern.pattern})")
