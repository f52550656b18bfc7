"""What is said: the plan, what fits, each step, the state that a board is in, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from edge_asr.deploy.deploy_text import Script, outcomes_text, plan_text, release_text
from edge_asr.deploy.fitting import needs, unfit
from edge_asr.deploy.outcome import STOPPED, Outcome
from edge_asr.deploy.release import Release, ReleaseFile
from edge_asr.deploy.status import BoardStatus, status_text
from edge_asr.deploy.steps import Pace, deploy_steps, remove_steps, rollback_steps
from edge_asr.deploy.target import Board, Target
from edge_asr.errors import DeployError

OLD, NEW = "20250131T120000Z-00000000", "20250131T130000Z-11111111"
TARGET = Target("pi4", "a board", Board("aarch64", packages=("python3-pyaudio",)))
FILES = {"edge-asr": ReleaseFile("0" * 64, 2_000_000, "755")}
RELEASE = Release(None, 1, NEW, "pi4", "commands12", "0" * 64, "0.1", "aarch64", "3.11", FILES)  # type: ignore[arg-type]
PROBE: dict[str, Any] = {
    "machine": "aarch64",
    "python": "3.11",
    "glibc": "2.36",
    "free_bytes": 10**9,
    "missing_packages": [],
    "user": "pi",
    "root": True,
    "systemd": True,
}


def test_the_plan_says_every_step() -> None:
    plan = plan_text("pi@kitchen", deploy_steps(RELEASE, TARGET, 0, Pace(lock_s=30)))
    assert plan.splitlines()[0] == "pi@kitchen:"
    steps = [line.split()[0] for line in plan.splitlines()[1:]]
    assert steps == ["connect", "check", "lock", "send", "selftest", "switch", "watch", "prune"]
    for part in ("waiting 30 s", f"1 files (2.0 MB) to /opt/edge-asr/releases/{NEW}", "edge-asr.service", "keep 3 releases"):
        assert part in plan
    assert "keep 5 releases" in plan_text("", deploy_steps(RELEASE, TARGET, 5, Pace()))
    assert "the release before" in plan_text("", rollback_steps(TARGET, Pace()))
    assert "remove all releases in /opt/edge-asr" in plan_text("", remove_steps(TARGET, Pace()))
    assert release_text(RELEASE) == f"release {NEW}: commands12 for pi4, 1 files, 2.0 MB"


def test_a_board_that_fits() -> None:
    assert unfit(PROBE, TARGET, RELEASE) == ""
    assert unfit({**PROBE, "glibc": "2.41"}, TARGET, RELEASE) == ""
    assert needs(TARGET, RELEASE) == "aarch64, Python 3.11, glibc 2.36 or newer, 2 MB free, python3-pyaudio"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"machine": "x86_64"}, "expected a board with aarch64 (target pi4), found x86_64; choose another --target"),
        ({"python": "3.13"}, "found 3.13; --set 'board.python=\"3.13\"' packs a release for it"),
        ({"glibc": "2.9"}, "expected glibc 2.36 or newer, found 2.9"),
        ({"glibc": ""}, "expected glibc 2.36 or newer, found none"),
        ({"missing_packages": ["python3-pyaudio"]}, "on the board: sudo apt install python3-pyaudio"),
        ({"systemd": False}, "found no systemctl"),
        ({"root": False}, "expected root or sudo without a password for pi, found neither"),
    ],
)
def test_a_board_that_does_not_fit(found: dict[str, Any], said: str) -> None:
    assert said in unfit({**PROBE, **found}, TARGET, RELEASE)


class AnsweringBoard:
    """A board that answers every request alike."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    def call(self, request: str, **values: Any) -> dict[str, Any]:
        return self._answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {"code": 1, "out": "", "err": "ImportError: numpy"},
            "expected the checks of .*, found exit code 1 and: ImportError: numpy",
        ),
        ({"code": 3, "out": "[]", "err": "odd"}, "edge-asr selftest ended with 3: odd"),
        ({"code": 0, "out": "[1]", "err": ""}, r"expected the checks of .*, found exit code 0 and: \[1\]"),
        ({"code": 124, "out": "", "err": ""}, "found exit code 124"),
    ],
)
def test_a_self_test_that_does_not_answer_has_failed(answer: dict[str, Any], said: str) -> None:
    selftest = next(step for step in deploy_steps(RELEASE, TARGET, 0, Pace()) if step.name == "selftest")
    board: Any = AnsweringBoard(answer)
    with pytest.raises(DeployError, match=said):
        selftest.act(board)


@pytest.mark.parametrize(
    ("outcome", "lines"),
    [
        (Outcome("pi@a", NEW, NEW), [f"release {NEW} runs."]),
        (Outcome("pi@a", "", ""), ["nothing runs there."]),
        (
            Outcome("pi@a", NEW, OLD, "selftest", "clip: nothing heard"),
            [
                "failed at selftest: clip: nothing heard",
                f"the board still runs release {OLD}.",
                "Repair what the check names (bundle, target or board) and deploy again.",
            ],
        ),
        (
            Outcome("pi@a", NEW, OLD, "watch", STOPPED, True),
            ["stopped at watch", f"the board is back on release {OLD}."],
        ),
        (Outcome("pi@a", NEW, "", "check", "no"), ["failed at check: no", "nothing runs there, as before."]),
        (Outcome("pi@a", NEW, None, "connect", "no"), ["failed at connect: no", "nothing was changed there."]),
        (
            Outcome("pi@a", NEW, None, "lock", "no"),
            [
                "failed at lock: no",
                "the board can't be reached; it goes on with, or back to, what it ran: ask it with `invoke status`.",
            ],
        ),
    ],
)
def test_what_came_of_it(outcome: Outcome, lines: list[str]) -> None:
    assert outcomes_text([outcome]).splitlines() == [f"pi@a: {line}" for line in lines]


def test_several_boards_have_a_table() -> None:
    outcomes = [Outcome("pi@a", NEW, NEW), Outcome("pi@attic", NEW, "", "send", "cut"), Outcome("pi@b", NEW, None, "pack", "no")]
    assert outcomes_text(outcomes).split("\n\n")[1].splitlines() == [
        "board     result          runs now",
        f"pi@a      done            {NEW}",
        "pi@attic  failed at send  nothing",
        "pi@b      failed at pack  not known",
    ]


def test_a_step_is_named_once_and_a_board_where_there_are_several() -> None:
    lines: list[str] = []
    alone = Script(["pi@a"], lines.append)
    alone.say("pi@a", "lock", "take it")
    alone.say("pi@a", "lock", "one\ntwo")
    alone.say("", "stop", "all")
    assert lines == ["lock      take it", "          one\n          two", "stop      all"]
    lines.clear()
    several = Script(["pi@a", "pi@attic"], lines.append)
    several.say("pi@a", "lock", "take it")
    several.say("pi@attic", "lock", "take it")
    assert lines == ["pi@a      lock      take it", "pi@attic  lock      take it"]


def test_status() -> None:
    service = {"ActiveState": "failed", "SubState": "failed", "NRestarts": "4", "MemoryCurrent": "[not set]", "StatusText": ""}
    found = BoardStatus("pi@a", NEW, (OLD, NEW), service, 5_000_000)
    assert status_text([found, BoardStatus("pi@b", problem="gone")]).splitlines() == [
        f"pi@a: runs release {NEW}",
        "  service   failed (failed), restarted 4 times",
        f"  releases  2, beside it {OLD}",
        "  free      5 MB",
        "pi@b: not known: gone",
    ]
    assert "no release runs" in status_text([BoardStatus("pi@a", service=service)])
