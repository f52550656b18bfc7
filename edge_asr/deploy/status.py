"""What a board runs, how it is and what its service wrote, without changing anything there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from edge_asr.deploy.connection import Board
from edge_asr.deploy.deploy import Connect
from edge_asr.deploy.target import Target
from edge_asr.errors import DeployError


@dataclass(frozen=True)
class BoardStatus:
    """How a board is."""

    host: str
    running: str = ""
    """Id of the release that runs; empty: none."""
    releases: tuple[str, ...] = ()
    """All that are there, oldest first."""
    service: dict[str, str] = field(default_factory=dict)
    """As systemd names it: ActiveState, SubState, StatusText, MemoryCurrent (bytes), NRestarts and so on."""
    free_bytes: int = 0
    """Of the disk."""
    problem: str = ""
    """Why nothing is known; empty: it is."""


@dataclass(frozen=True)
class BoardLog:
    """What the service wrote on a board."""

    host: str
    text: str = ""
    problem: str = ""
    """Why it can't be had; empty: it can."""


def look_at(target: Target, host: str, *, connect: Connect = Board) -> BoardStatus:
    """Ask the board `host` what it runs. Does not raise: a board that can't be asked says why in `problem`."""
    try:
        with connect(host, target.folder) as board:
            state, probe = board.call("releases"), board.call("probe")
            service = board.call("service", name=target.service.name)
    except DeployError as err:
        return BoardStatus(host, problem=str(err).removeprefix(f"{host}: "))
    return BoardStatus(host, state["current"], tuple(state["releases"]), service, probe["free_bytes"])


def read_logs(target: Target, host: str, lines: int, *, connect: Connect = Board) -> BoardLog:
    """The last `lines` of the service in the board's journal. Does not raise, as `look_at` does not."""
    try:
        with connect(host, target.folder) as board:
            return BoardLog(host, board.call("logs", name=target.service.name, lines=lines)["text"].rstrip())
    except DeployError as err:
        return BoardLog(host, problem=str(err).removeprefix(f"{host}: "))


def status_text(found: Sequence[BoardStatus]) -> str:
    """The boards in words."""
    return "\n".join(line for status in found for line in _lines(status))


def _lines(status: BoardStatus) -> list[str]:
    if status.problem:
        return [f"{status.host}: not known: {status.problem}"]
    others = ", ".join(id for id in status.releases if id != status.running)
    return [
        f"{status.host}: {f'runs release {status.running}' if status.running else 'no release runs'}",
        f"  service   {_service(status.service)}",
        f"  releases  {len(status.releases)}" + (f", beside it {others}" if others and status.running else ""),
        f"  free      {status.free_bytes / 1e6:.0f} MB",
    ]


def _service(service: dict[str, str]) -> str:
    state = f"{service['ActiveState']} ({service.get('SubState', '')})"
    memory = service.get("MemoryCurrent", "")
    parts = [
        f"since {service['ActiveEnterTimestamp']}" if service.get("ActiveEnterTimestamp") else "",
        f"{int(memory) / 1e6:.1f} MB" if memory.isdigit() else "",
        f"restarted {service['NRestarts']} times" if service.get("NRestarts", "0") != "0" else "",
        service.get("StatusText", ""),
    ]
    return ", ".join([state, *filter(None, parts)])
