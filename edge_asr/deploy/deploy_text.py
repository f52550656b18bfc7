"""A deployment in words: the plan, each step, what came of it and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge_asr.deploy.deploy import CONNECT
from edge_asr.deploy.outcome import STOPPED, Outcome
from edge_asr.deploy.release import Release
from edge_asr.deploy.roll_out import PACK
from edge_asr.deploy.steps import Step

NEXT = {
    "send": "Deploy again: what has arrived is kept, and the rest follows.",
    "selftest": "Repair what the check names (bundle, target or board) and deploy again.",
    "switch": "Repair what the service says, and deploy again; `invoke logs` has more of it.",
    "watch": "Repair what the service says, and deploy again; `invoke logs` has more of it.",
    "prune": "Old releases take room that the next deployment may miss; make sure that the folder can be written to.",
}
"""What to do when a step fails whose error does not say it."""
UNTOUCHED = (PACK, CONNECT.name)
"""Steps before anything on a board can change."""


def plan_text(host: str, steps: Sequence[Step]) -> str:
    """What would be done on `host`, a line a step."""
    lines = [step_line(step.name, step.says) for step in (CONNECT, *steps)]
    return "\n".join([f"{host}:", *(f"  {line}" for line in lines)])


def step_line(step: str, text: str) -> str:
    """A step and what it does or found."""
    return f"{step:<9} {text}"


def release_text(release: Release) -> str:
    """A release in a line."""
    what = f"{release.bundle} for {release.target}, {len(release.files)} files, {release.size / 1e6:.1f} MB"
    return f"release {release.id}: {what}"


class Script:
    """What is said about several boards as it comes, to `write`: the step, then below it what it found."""

    def __init__(self, hosts: Sequence[str], write: Callable[[str], None]) -> None:
        self._width = max(map(len, hosts)) if len(hosts) > 1 else 0
        self._write = write
        self._steps: dict[str, str] = {}

    def say(self, host: str, step: str, text: str) -> None:
        """As `crew.Say`."""
        label = "" if self._steps.get(host) == step else step
        self._steps[host] = step
        board = f"{host:<{self._width}}  " if self._width else ""
        self._write("\n".join(f"{board}{step_line(label, line)}" for line in text.splitlines()))


def outcomes_text(outcomes: Sequence[Outcome]) -> str:
    """What came of it on each board, and below a line each where there are several."""
    texts = [_outcome_text(outcome) for outcome in outcomes]
    return "\n".join([*texts, "", _table(outcomes)] if len(outcomes) > 1 else texts)


def _outcome_text(outcome: Outcome) -> str:
    """For a failure which step failed, in what state the board is, and what to do."""
    lines = [f"{_state(outcome)}."]
    if outcome.failed_step:
        lines.insert(0, _result(outcome) if outcome.problem == STOPPED else f"{_result(outcome)}: {outcome.problem}")
    if outcome.failed_step in NEXT and outcome.problem != STOPPED:
        lines.append(NEXT[outcome.failed_step])
    return "\n".join(f"{outcome.host}: {line}" for line in lines)


def _table(outcomes: Sequence[Outcome]) -> str:
    rows = [("board", "result", "runs now"), *((o.host, _result(o), _runs(o)) for o in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"{host:<{widths[0]}}  {result:<{widths[1]}}  {runs}" for host, result, runs in rows)


def _result(outcome: Outcome) -> str:
    if outcome.ok:
        return "done"
    return f"{'stopped' if outcome.problem == STOPPED else 'failed'} at {outcome.failed_step}"


def _runs(outcome: Outcome) -> str:
    return "not known" if outcome.running is None else outcome.running or "nothing"


def _state(outcome: Outcome) -> str:
    if outcome.running is None and outcome.failed_step in UNTOUCHED:
        return "nothing was changed there"
    if outcome.running is None:
        return "the board can't be reached; it goes on with, or back to, what it ran: ask it with `invoke status`"
    if not outcome.running:
        return "nothing runs there" + (", as before" if outcome.failed_step else "")
    if outcome.ok or outcome.running == outcome.release:
        return f"release {outcome.running} runs"
    return f"the board {'is back on' if outcome.rolled_back else 'still runs'} release {outcome.running}"
