"""The steps that put a release on a board: each says beforehand what it will do, does one thing, and says what it found."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from edge_asr.deploy.connection import Board
from edge_asr.deploy.fitting import needs, unfit
from edge_asr.deploy.release import Release
from edge_asr.deploy.target import Target
from edge_asr.deploy.transfer import send_release
from edge_asr.deploy.unit import START_SECONDS, STOP_SECONDS
from edge_asr.errors import DeployError
from edge_asr.progress import Progress, no_progress

SELFTEST_S = 300.0
"""Seconds that a release's self-test may take on the slowest board."""
LOG_LINES = 15
"""Of the journal, shown when the service does not come up."""


@dataclass(frozen=True)
class Pace:
    """How long to wait, in seconds."""

    lock_s: float = 0.0
    """For another deployment to the same board."""
    ready_s: float = float(START_SECONDS + STOP_SECONDS)
    """For the service to hear its first audio, after the one before has ended; then systemd itself has given it up."""
    settle_s: float = 5.0
    """That the service must run on after that."""


@dataclass(frozen=True)
class Step:
    """One thing that is done on a board."""

    name: str
    says: str
    """What will be done."""
    act: Callable[[Board], str]
    """Does it and answers with what was found. Raises `DeployError`."""
    on_trial: bool = False
    """The board runs something that is not proven yet: if the step fails or is stopped, it goes back to what ran before."""


def deploy_steps(release: Release, target: Target, keep: int, pace: Pace, progress: Progress = no_progress) -> tuple[Step, ...]:
    """The steps that put `release` on a board, which then keeps `keep` releases (0: as many as the target says)."""
    id, folder, keep = release.id, target.folder, keep or target.keep
    size = f"{release.size / 1e6:.1f} MB"
    return (
        Step("check", f"the board must have {needs(target, release)}", partial(_check, target=target, release=release)),
        _lock(target, pace),
        Step(
            "send",
            f"what it lacks of {len(release.files)} files ({size}) to {folder}/releases/{id}; each file is verified there",
            partial(_send, release=release, progress=progress),
        ),
        Step("selftest", "in that folder: signature, files, doctor, clip, budgets", partial(_selftest, id=id)),
        *_trial(target, pace, f"{folder}/current to {id}", lambda board: id),
        Step("prune", f"keep {keep} releases", partial(_prune, keep=keep)),
    )


def rollback_steps(target: Target, pace: Pace) -> tuple[Step, ...]:
    """The steps that go back to the release before the one that runs."""
    find = Step("find", "the release before the one that runs", _previous)
    return (_lock(target, pace), find, *_trial(target, pace, f"{target.folder}/current to that", _previous))


def remove_steps(target: Target, pace: Pace) -> tuple[Step, ...]:
    """The steps that take everything from a board."""
    says = f"stop {target.service.name}, take its unit away, remove all releases in {target.folder}"
    return (_lock(target, pace), Step("remove", says, partial(_remove, service=target.service.name)))


def _lock(target: Target, pace: Pace) -> Step:
    waits = f", waiting {pace.lock_s:g} s for it" if pace.lock_s else ""
    return Step("lock", f"take {target.folder}/.lock{waits}", partial(_take_lock, wait_s=pace.lock_s))


def _trial(target: Target, pace: Pace, switched: str, choose: Callable[[Board], str]) -> tuple[Step, ...]:
    name = target.service.name
    return (
        Step(
            "switch",
            f"{switched}; install {name}.service, restart, wait {pace.ready_s:g} s at most for audio",
            partial(_switch, service=name, ready_s=pace.ready_s, choose=choose),
            on_trial=True,
        ),
        Step(
            "watch",
            f"{name} must run on for {pace.settle_s:g} s",
            partial(_watch, service=name, settle_s=pace.settle_s),
            on_trial=True,
        ),
    )


def _check(board: Board, *, target: Target, release: Release) -> str:
    found = board.call("probe", packages=list(target.board.packages))
    if problem := unfit(found, target, release):
        raise DeployError(problem)
    return f"{found['machine']}, Python {found['python']}, glibc {found['glibc']}, {found['free_bytes'] / 1e6:.0f} MB free"


def _take_lock(board: Board, *, wait_s: float) -> str:
    board.call("lock", holder=f"{socket.gethostname()}, process {os.getpid()}", wait_s=wait_s)
    state = board.call("releases")
    return f"runs {state['current']}" if state["current"] else "nothing runs there yet"


def _send(board: Board, *, release: Release, progress: Progress) -> str:
    sent = send_release(board, release, lambda _, done, total: progress("sending kB", done // 1000, total // 1000))
    kept = f" of {sent.size / 1e6:.1f} MB, the rest was there" if sent.sent < sent.size else ""
    return f"{sent.files} files were new, {sent.sent / 1e6:.1f} MB sent{kept}; all {len(release.files)} are verified"


def _selftest(board: Board, *, id: str) -> str:
    answer = board.call("run", arguments=["selftest", "--json"], id=id, limit_s=SELFTEST_S)
    checks = _checks(answer)
    failed = [f"{check['name']}: {check['found']} ({check['advice']})" for check in checks if check["status"] == "failed"]
    if failed:
        raise DeployError("; ".join(failed))
    if answer["code"]:
        raise DeployError(f"edge-asr selftest ended with {answer['code']}: {answer['err'].strip()[-500:]}")
    return "\n".join(f"{check['name']}: {check['found']}" for check in checks)


def _checks(answer: dict[str, Any]) -> list[dict[str, str]]:
    try:
        return [{key: str(check[key]) for key in ("name", "status", "found", "advice")} for check in json.loads(answer["out"])]
    except (ValueError, KeyError, TypeError) as err:
        said = (answer["err"] or answer["out"]).strip()[-500:]
        raise DeployError(f"expected the checks of edge-asr selftest, found exit code {answer['code']} and: {said}") from err


def _previous(board: Board) -> str:
    state = board.call("releases")
    if not state["previous"]:
        raise DeployError(f"expected a release before {state['current'] or 'the first one'}, found none")
    return str(state["previous"])


def _switch(board: Board, *, service: str, ready_s: float, choose: Callable[[Board], str]) -> str:
    id = choose(board)
    answer = board.call("switch", id=id, service=service, ready_s=ready_s, trial=True)
    if not answer["active"]:
        raise DeployError(f"{service} did not come up: {answer['said']}\n{_journal(board, service)}".strip())
    return f"{id} is switched to, {service} is up"


def _watch(board: Board, *, service: str, settle_s: float) -> str:
    first = board.call("service", name=service)
    time.sleep(settle_s)
    last = board.call("service", name=service)
    if last["ActiveState"] != "active" or last.get("MainPID") != first.get("MainPID"):
        raise DeployError(f"{service} came up and ended again ({last['ActiveState']})\n{_journal(board, service)}".strip())
    board.call("keep")
    return f"active for {settle_s:g} s, {last.get('StatusText') or 'no status'}"


def _journal(board: Board, service: str) -> str:
    try:
        return str(board.call("logs", name=service, lines=LOG_LINES)["text"]).strip()
    except DeployError as err:
        return f"(its log can't be read: {err})"


def _prune(board: Board, *, keep: int) -> str:
    removed = board.call("prune", keep=keep)["removed"]
    return f"removed {', '.join(removed)}" if removed else "nothing to remove"


def _remove(board: Board, *, service: str) -> str:
    board.call("remove", service=service)
    return "removed"
