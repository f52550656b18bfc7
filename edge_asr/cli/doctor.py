"""`edge-asr doctor`: what is there, what is missing, and what to do about it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edge_asr.cli.arguments import accelerator_of, add_accelerator_arguments, add_json_argument
from edge_asr.cli.check_lines import print_check
from edge_asr.config import to_table
from edge_asr.errors import ConfigError
from edge_asr.runtime.accelerator import NONE
from edge_asr.runtime.doctor import examine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `edge-asr doctor`."""
    parser.add_argument("--bundle", type=Path, metavar="FOLDER", help="check this bundle too")
    add_accelerator_arguments(parser)
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Print a line a check. The status is 1 when nothing will work as it is."""
    accelerator = accelerator_of(args)
    if accelerator.delegate != NONE and args.bundle is None:
        raise ConfigError("expected --bundle with --delegate, found none: name the bundle that it should run")
    checks = examine(args.bundle, accelerator)
    if args.json:
        print(json.dumps(to_table(checks), indent=1))
    else:
        for check in checks:
            print_check(check)
    return int(any(check.status == "failed" for check in checks))
