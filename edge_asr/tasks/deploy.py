"""The commands that put releases on boards, look at them and take them back."""

from __future__ import annotations

from pathlib import Path

from invoke import Context

from edge_asr.tasks.command import command

BUNDLE = "models/commands12"
BOARDS = {
    "host": "user@board, user@board:port, or a name of ~/.ssh/config; as often as you like",
    "fleet": "TOML file of boards, each with its target and bundle; with --host only these of them",
    "target": "name in targets/, or a TOML file",
    "set_": "change a value of the target, like audio.device=USB; as often as you like",
}
CHANGES = {
    "wait": "seconds to wait for another deployment to the same board",
    "dry_run": "print each step and touch no board",
}
UNTOUCHED = "No board was touched."
"""Once boards are at work, each of them says itself where it was stopped."""


@command(
    stopped=UNTOUCHED,
    iterable=["host", "set_"],
    help={
        **BOARDS,
        **CHANGES,
        "bundle": f"folder of the bundle, default {BUNDLE}",
        "clip": "recording for the self-test in which the bundle detects something; without it a synthetic voice speaks",
        "keep": "releases that stay on a board; default as many as the target says",
        "rollback": "go back to the release before the one that runs",
    },
)
def deploy(
    _: Context,
    host: list[str],
    set_: list[str],
    target: str = "",
    bundle: str = "",
    fleet: str = "",
    clip: str = "",
    keep: int = 0,
    wait: int = 0,
    dry_run: bool = False,
    rollback: bool = False,
) -> None:
    """Pack a release and bring it to boards, where it must pass its checks; else a board goes back to what it ran."""
    from edge_asr.tasks.boards import bring, go_back, stations_of

    stations = stations_of(host, fleet, target, bundle or BUNDLE, set_)
    if rollback:
        go_back(stations, wait, dry_run)
    else:
        bring(stations, Path(clip) if clip else None, keep, wait, dry_run)


@command(stopped=UNTOUCHED, iterable=["host", "set_"], help={**BOARDS, **CHANGES})
def remove(
    _: Context, host: list[str], set_: list[str], target: str = "", fleet: str = "", wait: int = 0, dry_run: bool = False
) -> None:
    """Take the service and all releases from boards."""
    from edge_asr.tasks.boards import stations_of, take_away

    take_away(stations_of(host, fleet, target, BUNDLE, set_), wait, dry_run)


@command(stopped=UNTOUCHED, iterable=["host", "set_"], help=BOARDS)
def status(_: Context, host: list[str], set_: list[str], target: str = "", fleet: str = "") -> None:
    """What boards run, how their service is, and which releases they could go back to."""
    from edge_asr.tasks.boards import look, stations_of

    look(stations_of(host, fleet, target, BUNDLE, set_))


@command(stopped=UNTOUCHED, iterable=["host", "set_"], help={**BOARDS, "lines": "last lines of the journal"})
def logs(_: Context, host: list[str], set_: list[str], target: str = "", fleet: str = "", lines: int = 50) -> None:
    """What the service wrote on boards."""
    from edge_asr.tasks.boards import show_logs, stations_of

    show_logs(stations_of(host, fleet, target, BUNDLE, set_), lines)
