"""Releases for all boards of a fleet: packed once for each load, then brought to the boards at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from edge_asr.deploy.connection import Board
from edge_asr.deploy.crew import Say, at_once
from edge_asr.deploy.deploy import Connect, Errand, deploy_release
from edge_asr.deploy.fleet import Load, Station
from edge_asr.deploy.outcome import Outcome, Tell
from edge_asr.deploy.release import Release
from edge_asr.deploy.steps import Pace
from edge_asr.deploy.target import Target, load_target
from edge_asr.errors import EdgeAsrError
from edge_asr.progress import Progress, no_progress

PACK = "pack"
"""The step before all others, on the workstation."""


def pack_loads(
    loads: Iterable[Load], folder: Path, pack: Callable[[Load, Target, Path], Release]
) -> dict[Load, Release | EdgeAsrError]:
    """`pack(load, target, folder)` for each different load, in a folder of its own below `folder`.

    A load that can't be packed has its error in place of a release, so that the boards with other loads can go on.
    Raises `ConfigError` for a target that is none.
    """
    packed: dict[Load, Release | EdgeAsrError] = {}
    for load in loads:
        if load not in packed:
            target = load_target(load.target, load.set)
            try:
                packed[load] = pack(load, target, folder / str(len(packed)))
            except EdgeAsrError as err:
                packed[load] = err
    return packed


def roll_out(
    stations: Sequence[Station],
    packed: Mapping[Load, Release | EdgeAsrError],
    pace: Pace,
    say: Say,
    *,
    keep: int = 0,
    connect: Connect = Board,
    progress: Progress = no_progress,
) -> tuple[Outcome, ...]:
    """Bring each board its load, several at once; one outcome a board, and one that fails does not stop the others."""
    work = partial(_bring, {station.host: station.load for station in stations}, packed, keep, pace, connect)
    return at_once([station.host for station in stations], work, say, progress)


def _bring(
    loads: Mapping[str, Load],
    packed: Mapping[Load, Release | EdgeAsrError],
    keep: int,
    pace: Pace,
    connect: Connect,
    host: str,
    tell: Tell,
    progress: Progress,
) -> Outcome:
    load = loads[host]
    release = packed[load]
    if isinstance(release, EdgeAsrError):
        return Outcome(host, failed_step=PACK, problem=str(release))
    target = load_target(load.target, load.set)
    return deploy_release(release, Errand(host, target, pace, connect, tell), keep=keep, progress=progress)
