"""The command `edge-asr`: finds the sub-command, imports only that, and turns errors into one line and an exit status."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from edge_asr import __version__
from edge_asr.errors import EdgeAsrError

COMMANDS = {
    "listen": "detect keywords in a file, in raw audio on stdin, or at the microphone",
    "transcribe": "write down what is said in files, in raw audio on stdin, or at the microphone",
    "record": "take recordings of a phrase at the microphone, to train with",
    "info": "show what is in a bundle, and check it",
    "bench": "measure what a bundle costs on this machine",
    "devices": "list the microphones",
    "selftest": "check that a release is what was packed, hears what it should, and costs what it may",
    "doctor": "check what is installed, and say what to do about what is missing",
}
ERROR, INTERRUPTED, CLOSED_PIPE = 2, 130, 141
"""Exit statuses: an error (as argparse's), Ctrl-C (128 + SIGINT), a reader that went away (128 + SIGPIPE)."""


class Command(Protocol):
    """What a sub-command's module has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare its arguments."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do it, and return the exit status."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run `edge-asr` with these arguments (None: the process's). Returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except EdgeAsrError as err:
        print(f"edge-asr: error: {' '.join(str(err).split())}", file=sys.stderr)
        return ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more when it ends: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE


def _run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="edge-asr", description="Keywords and speech recognition on the device.")
    parser.add_argument("--version", action="version", version=f"edge-asr {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen: Command | None = None
    for name, summary in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if arguments[:1] == [name]:
            chosen = cast("Command", importlib.import_module(f"edge_asr.cli.{name}"))
            chosen.add_arguments(subparser)
    args = parser.parse_args(arguments)
    assert chosen is not None  # argparse has refused everything else
    return chosen.run(args)
