"""`edge-asr selftest`: is this release what was packed, does it hear what it should, and what does it cost here."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edge_asr.cli.arguments import add_json_argument
from edge_asr.cli.check_lines import print_check
from edge_asr.config import to_table
from edge_asr.errors import DeployError
from edge_asr.runtime.release import RELEASE
from edge_asr.runtime.selftest import selftest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `edge-asr selftest`."""
    parser.add_argument("--release", type=Path, metavar="FOLDER", help="the release to test (default: the one that this is in)")
    parser.add_argument("--exact", action="store_true", help="what is heard must be equal to the last bit (the same kernels)")
    parser.add_argument("--no-budgets", action="store_true", help="measure nothing: this machine is emulated or busy")
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Print a line a check as they come. The status is 1 when one failed."""
    folder = args.release or _own_release()
    checks = []
    for check in selftest(folder, exact=args.exact, budgets=not args.no_budgets):
        checks.append(check)
        if not args.json:
            print_check(check)
    if args.json:
        print(json.dumps(to_table(checks), indent=1))
    return int(any(check.status == "failed" for check in checks))


def _own_release() -> Path:
    """The folder of the release whose `site` this module lies in. Raises `DeployError` when it lies in none."""
    folder = Path(__file__).resolve().parents[3]
    if not (folder / RELEASE).is_file():
        raise DeployError("edge-asr does not run from a release here; name one: edge-asr selftest --release FOLDER")
    return folder
