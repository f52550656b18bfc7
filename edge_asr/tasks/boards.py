"""What the commands of `tasks/deploy.py` do: every board at once, said as it goes, and a table at the end."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from edge_asr.bundle.store import read_bundle
from edge_asr.deploy.crew import at_once
from edge_asr.deploy.deploy import Errand, remove_releases, roll_back
from edge_asr.deploy.deploy_text import Script, outcomes_text, plan_text, release_text
from edge_asr.deploy.fits import fits
from edge_asr.deploy.fleet import Load, Station, name_boards, read_fleet
from edge_asr.deploy.outcome import STOPPED, Outcome
from edge_asr.deploy.pack import pack_release
from edge_asr.deploy.release import Release
from edge_asr.deploy.roll_out import pack_loads, roll_out
from edge_asr.deploy.signing import public_key
from edge_asr.deploy.status import look_at, read_logs, status_text
from edge_asr.deploy.steps import Pace, Step, deploy_steps, remove_steps, rollback_steps
from edge_asr.deploy.target import Target, load_target
from edge_asr.errors import DeployError, EdgeAsrError
from edge_asr.progress import Progress
from edge_asr.tasks.targets import KEYS
from edge_asr.training.console import progress_bars

CACHE = Path(".cache")
T = TypeVar("T")


def stations_of(hosts: Sequence[str], fleet: str, target: str, bundle: str, changes: Sequence[str]) -> tuple[Station, ...]:
    """The boards that a command line means."""
    if fleet and changes:
        raise EdgeAsrError("expected --set without --fleet: in a fleet file each board has its own `set`")
    if not fleet and not hosts:
        raise EdgeAsrError("expected --host user@board or --fleet FILE, found neither")
    if fleet:
        return read_fleet(Path(fleet), target=target, bundle=bundle, only=hosts)
    return name_boards(hosts, target, bundle, changes)


def bring(stations: Sequence[Station], clip: Path | None, keep: int, wait: int, dry_run: bool) -> None:
    """Pack what each board gets, and bring it there."""
    if keep and keep < 2:
        raise EdgeAsrError(f"--keep: expected 2 releases or more (the one that runs and the one before it), found {keep}")
    CACHE.mkdir(exist_ok=True)
    pace = Pace(lock_s=wait)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="release-") as folder, progress_bars() as progress:
        packed = pack_loads([s.load for s in stations], Path(folder), partial(_pack, clip=clip, progress=progress))
        for release in packed.values():
            print(release_text(release) if isinstance(release, Release) else f"no release: {release}")
        if dry_run:
            _print_plans(stations, lambda target, station: deploy_steps(_made(packed[station.load]), target, keep, pace))
            return
        script = Script([station.host for station in stations], print)
        outcomes = roll_out(stations, packed, pace, script.say, keep=keep, progress=progress)
    _conclude(outcomes)


def go_back(stations: Sequence[Station], wait: int, dry_run: bool) -> None:
    """To the release before the one that runs."""
    pace = Pace(lock_s=wait)
    if dry_run:
        _print_plans(stations, lambda target, _: rollback_steps(target, pace))
    else:
        _conclude(_visit(stations, pace, roll_back))


def take_away(stations: Sequence[Station], wait: int, dry_run: bool) -> None:
    """Everything."""
    pace = Pace(lock_s=wait)
    if dry_run:
        _print_plans(stations, lambda target, _: remove_steps(target, pace))
    else:
        _conclude(_visit(stations, pace, remove_releases))


def look(stations: Sequence[Station]) -> None:
    """At what runs."""
    found = _visit(stations, Pace(), lambda errand: look_at(errand.target, errand.host))
    print(status_text(found))
    if any(status.problem for status in found):
        sys.exit(1)


def show_logs(stations: Sequence[Station], lines: int) -> None:
    """The journals, one board after the other."""
    found = _visit(stations, Pace(), lambda errand: read_logs(errand.target, errand.host, lines))
    for log in found:
        print(f"== {log.host}\n{log.problem or log.text}" if len(found) > 1 else log.problem or log.text)
    if any(log.problem for log in found):
        sys.exit(1)


def _pack(load: Load, target: Target, folder: Path, *, clip: Path | None, progress: Progress) -> Release:
    bundle, key = Path(load.bundle), public_key(KEYS) if target.require_signature else ""
    if misfits := fits(read_bundle(bundle), target, key):
        raise DeployError(f"{bundle} does not fit the target {target.name}: {misfits[0].text}")
    return pack_release(bundle, target, folder, cache=CACHE, public_key=key, clip=clip, progress=progress)


def _visit(stations: Sequence[Station], pace: Pace, work: Callable[[Errand], T]) -> tuple[T, ...]:
    targets = {station.host: load_target(station.target, station.set) for station in stations}
    hosts = list(targets)
    return at_once(hosts, lambda host, tell, _: work(Errand(host, targets[host], pace, tell=tell)), Script(hosts, print).say)


def _print_plans(stations: Sequence[Station], steps: Callable[[Target, Station], Sequence[Step]]) -> None:
    for station in stations:
        print(plan_text(station.host, steps(load_target(station.target, station.set), station)))


def _made(packed: Release | EdgeAsrError) -> Release:
    if isinstance(packed, EdgeAsrError):
        raise packed
    return packed


def _conclude(outcomes: Sequence[Outcome]) -> None:
    """Say what came of it; the exit code is 1 when a board failed, 130 when nothing but Ctrl-C ended one."""
    print(outcomes_text(outcomes))
    problems = {outcome.problem for outcome in outcomes if not outcome.ok}
    if problems:
        sys.exit(130 if problems == {STOPPED} else 1)
