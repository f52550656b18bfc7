"""Releases on boards: put there, gone back from, removed. Whatever happens, a board runs what it ran or what passed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias

from edge_asr.deploy.connection import Board
from edge_asr.deploy.outcome import STOPPED, Outcome, Tell, tell_nobody
from edge_asr.deploy.release import Release
from edge_asr.deploy.steps import Pace, Step, deploy_steps, remove_steps, rollback_steps
from edge_asr.deploy.target import Target
from edge_asr.errors import DeployError
from edge_asr.progress import Progress, no_progress

Connect: TypeAlias = Callable[[str, str], AbstractContextManager[Board]]
"""`connect(host, folder)`: the board, with the releases in its `folder`."""
CONNECT = Step("connect", "over SSH; the host key must be a known one", lambda board: "")


@dataclass(frozen=True)
class Errand:
    """Where to go, and how."""

    host: str
    """`user@board`, `user@board:port`, or a name of ~/.ssh/config."""
    target: Target
    pace: Pace = Pace()
    connect: Connect = Board
    tell: Tell = tell_nobody


def deploy_release(release: Release, errand: Errand, *, keep: int = 0, progress: Progress = no_progress) -> Outcome:
    """Put `release` on a board, where it must pass its checks; else the board goes on with, or back to, what it ran.

    `keep`: releases that stay there; 0: as many as the target says. Does not raise: what went wrong is in the outcome. A
    `KeyboardInterrupt` out of `errand.tell` or `progress` is the problem `STOPPED`.
    """
    return carry_out(deploy_steps(release, errand.target, keep, errand.pace, progress), errand, release.id)


def roll_back(errand: Errand) -> Outcome:
    """Go back to the release before the one that runs. Does not raise, as `deploy_release` does not."""
    return carry_out(rollback_steps(errand.target, errand.pace), errand)


def remove_releases(errand: Errand) -> Outcome:
    """Take the service and all releases away. Does not raise, as `deploy_release` does not."""
    return carry_out(remove_steps(errand.target, errand.pace), errand)


def carry_out(steps: Sequence[Step], errand: Errand, aim: str = "") -> Outcome:
    """Connect and do `steps` until one fails. `aim`: id of the release that they bring; empty: none."""
    try:
        errand.tell(CONNECT.name, CONNECT.says)
        with errand.connect(errand.host, errand.target.folder) as board:
            return _Visit(board, errand, aim).do(steps)
    except (DeployError, KeyboardInterrupt) as err:
        return Outcome(errand.host, aim, None, CONNECT.name, _problem(errand, CONNECT.name, err))


class _Visit:
    """A connection to a board, and what the board ran when we came."""

    def __init__(self, board: Board, errand: Errand, aim: str) -> None:
        self._board, self._errand, self._aim = board, errand, aim
        self._before: str | None = None

    def do(self, steps: Sequence[Step]) -> Outcome:
        for step in steps:
            try:
                self._errand.tell(step.name, step.says)
                if step.on_trial and self._before is None:
                    self._before = self._current()
                self._errand.tell(step.name, step.act(self._board))
            except (DeployError, KeyboardInterrupt) as err:
                return self._failed(step, _problem(self._errand, step.name, err))
        return Outcome(self._errand.host, self._aim, self._running())

    def _failed(self, step: Step, problem: str) -> Outcome:
        back = step.on_trial and self._go_back()
        running = self._running()
        if self._aim and running not in (self._aim, None):
            with contextlib.suppress(DeployError):  # it did not come that far, or the connection is gone
                self._board.call("discard", id=self._aim)
        return Outcome(self._errand.host, self._aim, running, step.name, problem, back)

    def _go_back(self) -> bool:
        """To what ran before; True when it was something else. A board whose connection was cut does it by itself."""
        service, ready_s = self._errand.target.service.name, self._errand.pace.ready_s
        try:
            if self._before is None or self._current() == self._before:
                return False
            self._board.call("switch", id=self._before, service=service, ready_s=ready_s)
        except DeployError:
            return True
        return True

    def _running(self) -> str | None:
        """The release that runs now. After a cut, once the agent that was left alone has gone back and given its lock free."""
        try:
            return self._current()
        except DeployError:
            pass
        try:
            with self._errand.connect(self._errand.host, self._errand.target.folder) as board:
                board.call("lock", holder="a look at what runs", wait_s=self._errand.pace.ready_s)
                return str(board.call("releases")["current"])
        except DeployError:
            return None

    def _current(self) -> str:
        return str(self._board.call("releases")["current"])


def _problem(errand: Errand, step: str, err: BaseException) -> str:
    return STOPPED if isinstance(err, KeyboardInterrupt) else str(err).removeprefix(f"{errand.host}: ").removeprefix(f"{step}: ")
