"""Arguments that several sub-commands take."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_engine_arguments(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """`--bundle`, `--form`, `--kernels` and `--threads`: what `load_engine` takes. With `several`, `--bundle` gives a list."""
    action, more = ("append", "; several may listen together") if several else ("store", "")
    parser.add_argument("--bundle", type=Path, required=True, action=action, metavar="FOLDER", help=f"the bundle to run{more}")
    parser.add_argument(
        "--form", choices=("stream", "window"), help="form of the model (default: stream where the bundle has it)"
    )
    parser.add_argument(
        "--kernels",
        choices=("default", "builtin"),
        default="default",
        help="default: the interpreter's fast kernels (XNNPACK); builtin: the portable ones",
    )
    parser.add_argument("--threads", type=positive, default=1, metavar="N", help="threads of the interpreter (default: 1)")


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="write JSON, for machines")


def positive(text: str) -> int:
    """A whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, found {value}")
    return value


def share(text: str) -> float:
    """A number from 0 to 1."""
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"expected 0 to 1, found {text}")
    return value
