"""The agent's files as one line of text, and the command that starts them on a board."""

from __future__ import annotations

import json
import shlex
from pathlib import Path, PurePosixPath

MODULES = ("system", "contents", "place", "incoming", "releases", "service", "session")
"""Of the agent, each after those that it imports."""
READY = b"edge-asr agent: ready\n"
"""What it says first; a login shell may have written something before."""
NO_PYTHON = 127
"""Exit code of a shell that knows no `python3`."""

_START = f"""
import json, sys, types
if sys.version_info < (3, 9):
    sys.exit("python3 is %d.%d there, the agent needs 3.9 or newer" % sys.version_info[:2])
for name, source in json.loads(sys.stdin.buffer.readline()):
    module = sys.modules[name] = types.ModuleType(name)
    module.__package__ = "agent"
    exec(compile(source, name, "exec"), module.__dict__)
sys.stdout.buffer.write({READY!r})
sys.stdout.flush()
module.main(*sys.argv[1:])
"""


def agent_command(folder: PurePosixPath, units: PurePosixPath) -> str:
    """The shell command that runs the agent for `folder`; `agent_source` must come first on its stdin."""
    return shlex.join(["python3", "-I", "-c", _START, str(folder), str(units)])


def agent_source() -> bytes:
    """All modules of the agent, on one line."""
    here = Path(__file__).parent / "agent"
    sources = [("agent", ""), *((f"agent.{name}", (here / f"{name}.py").read_text(encoding="utf-8")) for name in MODULES)]
    return json.dumps(sources).encode() + b"\n"
