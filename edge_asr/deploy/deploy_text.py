"""A deployment in words: the plan, each step, what came of it and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from edge_asr.deploy.deploy import CONNECT
from edge_asr.deploy.outcome import STOPPED, Outcome
from edge_asr.deploy.steps import Step

NEXT = {
    "send": "Deploy again: what has arrived is kept, and the rest follows.",
    "selftest": "Repair what the check names (bundle, target or board) and deploy again.",
    "switch": "Repair what the service says, and deploy again; `invoke logs` has more of it.",
    "watch": "Repair what the service says, and deploy again; `invoke logs` has more of it.",
    "prune": "Old releases take room that the next deployment may miss; make sure that the folder can be written to.",
}
"""What to do when a step fails whose error does not say it."""


def plan_text(host: str, steps: Sequence[Step]) -> str:
    """What would be done on `host`, a line a step."""
    lines = [step_line(step.name, step.says) for step in (CONNECT, *steps)]
    return "\n".join([f"{host}:", *(f"  {line}" for line in lines)])


def step_line(step: str, text: str) -> str:
    """A step and what it does or found."""
    return f"{step:<9} {text}"


def outcome_text(outcome: Outcome) -> str:
    """What came of it: for a failure which step failed, in what state the board is, and what to do."""
    if outcome.ok:
        return f"{outcome.host}: {_state(outcome)}."
    said = "stopped" if outcome.problem == STOPPED else "failed"
    lines = [f"{outcome.host}: {said} at {outcome.failed_step}" + (f": {outcome.problem}" if said == "failed" else "")]
    lines.append(f"{outcome.host}: {_state(outcome)}.")
    if said == "failed" and outcome.failed_step in NEXT:
        lines.append(f"{outcome.host}: {NEXT[outcome.failed_step]}")
    return "\n".join(lines)


def outcomes_table(outcomes: Sequence[Outcome]) -> str:
    """A line a board."""
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
    if outcome.running is None and outcome.failed_step == CONNECT.name:
        return "nothing was changed"
    if outcome.running is None:
        return "the board can't be reached; it goes back by itself to what it ran, `invoke status` says so when it is there again"
    if not outcome.running:
        return "nothing runs there" + (", as before" if outcome.failed_step else "")
    if outcome.ok or outcome.running == outcome.release:
        return f"release {outcome.running} runs"
    return f"the board {'is back on' if outcome.rolled_back else 'still runs'} release {outcome.running}"
