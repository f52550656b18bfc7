"""The systemd service on the board, and what is said about it."""

from __future__ import annotations

import re
import shutil
from typing import Any

from .place import Place
from .system import COMMAND_LIMIT_S, RefusedError, as_root, root_command, run_command

SHOWN = "ActiveState,SubState,Result,UnitFileState,MainPID,NRestarts,MemoryCurrent,ActiveEnterTimestamp,StatusText"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


def service(place: Place, name: str) -> dict[str, Any]:
    """What systemd says, in its own words: ActiveState, SubState, MainPID, NRestarts, StatusText and so on, all texts."""
    _, out, err = run_command(["systemctl", "show", _unit(name), f"--property={SHOWN}"])
    table = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    if "ActiveState" not in table:
        raise RefusedError(f"systemctl show {_unit(name)}: expected the service's state, found {(out + err).strip()[-300:]!r}")
    return table


def logs(place: Place, name: str, lines: int = 100) -> dict[str, Any]:
    """The last `lines` of the service in the journal, as `text`."""
    journal = ["journalctl", f"--unit={_unit(name)}", f"--lines={int(lines)}", "--no-pager", "--output=short-iso"]
    return {"text": as_root(journal)}


def switch(place: Place, id: str, service: str = "", ready_s: float = COMMAND_LIMIT_S) -> dict[str, Any]:
    """Let release `id` run ("" for none): `current` first, then `service`, its unit installed and restarted within `ready_s`.

    Answers whether the service is `active`, and what systemctl `said`; without a `service` only `current` changes.
    """
    if service:
        root_command(["systemctl", "restart"])  # refuses while nothing is changed yet
    if not id:
        stop(place, service)
    place.point(id)
    if not id or not service:
        return {"active": False, "said": ""}
    as_root(["install", "-m", "644", str(place.current / "edge-asr.service"), str(place.units / _unit(service))])
    as_root(["systemctl", "daemon-reload"])
    as_root(["systemctl", "enable", _unit(service)])
    run_command(root_command(["systemctl", "reset-failed", _unit(service)]))  # else too many crashes before keep it down now
    code, out, err = run_command(root_command(["systemctl", "restart", _unit(service)]), ready_s)
    active = code == 0 and run_command(["systemctl", "is-active", _unit(service)])[1].strip() == "active"
    return {"active": active, "said": (out + err).strip()[-2000:]}


def stop(place: Place, service: str) -> None:
    """Stop the service for good and take its unit away, where it has one."""
    if service and (unit := place.units / _unit(service)).exists():
        as_root(["systemctl", "disable", "--now", unit.name])
        as_root(["rm", str(unit)])
        as_root(["systemctl", "daemon-reload"])


def remove(place: Place, service: str = "") -> dict[str, Any]:
    """Take everything away again; the empty folder stays, with the lock in it."""
    stop(place, service)
    place.point("")
    for folder in (place.releases, place.incoming):
        if folder.exists():
            shutil.rmtree(folder)
    return {}


def _unit(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise RefusedError(f"expected a service's name, found {name!r:.80}")
    return f"{name}.service"
