"""A fleet: boards and what goes to each, from a TOML file or from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_asr.config import build, read_toml, setting
from edge_asr.errors import ConfigError


@dataclass(frozen=True)
class Load:
    """What goes to a board. Boards with the same load get the same release, packed once."""

    target: str
    """Name of a target, or path of its TOML file."""
    bundle: str
    """Path of the bundle's folder."""
    set: tuple[str, ...] = ()
    """Changes of the target's values, like `audio.device=USB`."""


@dataclass(frozen=True)
class Station:
    """A board of a fleet file."""

    host: str
    """`user@board`, `user@board:port`, or a name of ~/.ssh/config."""
    target: str = ""
    bundle: str = ""
    set: tuple[str, ...] = ()

    @property
    def load(self) -> Load:
        """What goes there."""
        return Load(self.target, self.bundle, self.set)


@dataclass(frozen=True)
class Fleet:
    """The boards; `target` and `bundle` are for those that name none."""

    hosts: tuple[Station, ...] = setting()
    target: str = ""
    bundle: str = ""

    def __post_init__(self) -> None:
        """Raises `ConfigError` for a fleet without boards, a board that comes twice, or one without a target."""
        names = [station.host for station in self.hosts]
        if not names:
            raise ConfigError('hosts: expected a table [[hosts]] with host = "user@board" for each board, found none')
        for name in names:
            if not name.strip() or name.startswith("-") or not name.isprintable():
                raise ConfigError(f"host: expected user@board, found {name!r:.80}")
            if names.count(name) > 1:
                raise ConfigError(f"host: {name} is there {names.count(name)} times, expected each board once")

    def stations(self) -> tuple[Station, ...]:
        """The boards, each with its target and bundle. Raises `ConfigError` for one that neither it nor the fleet names."""
        full = (replace(s, target=s.target or self.target, bundle=s.bundle or self.bundle) for s in self.hosts)
        return tuple(map(_complete, full))


def read_fleet(path: Path, *, target: str = "", bundle: str = "", only: Sequence[str] = ()) -> tuple[Station, ...]:
    """The boards of the fleet file at `path`, or `only` those. `target` and `bundle` are for boards that have none in the file.

    Raises `ConfigError` when the file is missing or wrong, a board has no target, or one of `only` is not in it.
    """
    read = build(Fleet, read_toml(path), source=str(path))
    fleet = replace(read, target=read.target or target, bundle=read.bundle or bundle)
    known = {station.host for station in fleet.hosts}
    if missing := [host for host in only if host not in known]:
        raise ConfigError(f"{path}: expected the board {missing[0]} in it, found {', '.join(sorted(known))}")
    return tuple(station for station in fleet.stations() if not only or station.host in only)


def name_boards(hosts: Sequence[str], target: str, bundle: str, changes: Sequence[str] = ()) -> tuple[Station, ...]:
    """The boards named on a command line, all with the same load. Raises `ConfigError` as `Fleet` does."""
    return Fleet(tuple(Station(host, set=tuple(changes)) for host in hosts), target, bundle).stations()


def _complete(station: Station) -> Station:
    if not station.target:
        raise ConfigError(
            f"{station.host}: expected a target (--target, or target = in the fleet file); invoke targets lists them"
        )
    return station
