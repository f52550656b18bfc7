"""The machine that this runs on, with the face of a board at the other end of a connection."""

from __future__ import annotations

import platform
import sys
from typing import Any

from edge_asr.deploy.agent.system import COMMAND_LIMIT_S, glibc, machine, run_command


class ThisMachine:
    """Answers `probe` and `run` as a board's agent does, with the edge-asr of this Python."""

    def call(self, request: str, **values: Any) -> dict[str, Any]:
        """The answer to `request`."""
        return self._probe() if request == "probe" else self._run(**values)

    def _probe(self) -> dict[str, Any]:
        python = ".".join(platform.python_version_tuple()[:2])
        return {"machine": machine(), "python": python, "glibc": glibc(), "current": ""}

    def _run(self, arguments: list[str], limit_s: float = COMMAND_LIMIT_S) -> dict[str, Any]:
        code, out, err = run_command([sys.executable, "-m", "edge_asr.cli", *arguments], limit_s)
        return {"code": code, "out": out, "err": err}
