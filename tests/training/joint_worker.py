"""One of two workers of `test_joint_training`: `python -m tests.training.joint_worker INDEX PORT PORT FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from edge_asr.training.history import history_json
from edge_asr.training.team import Team
from edge_asr.training.workers import Workers
from tests.training.joint_runs import run_keywords, run_speech


def main(index: str, *rest: str) -> None:
    """Run both, and write each history beside its run folder."""
    *ports, folder = rest
    team = Team(Workers(tuple(f"127.0.0.1:{port}" for port in ports), int(index)))
    for name, run in (("speech", run_speech), ("keywords", run_keywords)):
        history = run(Path(folder) / f"{name}-{index}", team)
        (Path(folder) / f"{name}-{index}.json").write_text(history_json(history))


if __name__ == "__main__":
    main(*sys.argv[1:])
