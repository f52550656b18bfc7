"""Arguments that several sub-commands take."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from edge_asr.runtime.accelerator import NONE, Accelerator

if TYPE_CHECKING:
    from edge_asr.runtime.interpreter import Kernels


def add_engine_arguments(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """`--bundle`, and what `add_running_arguments` adds. With `several`, `--bundle` gives a list."""
    action, more = ("append", "; several may listen together") if several else ("store", "")
    parser.add_argument("--bundle", type=Path, required=True, action=action, metavar="FOLDER", help=f"the bundle to run{more}")
    add_running_arguments(parser)


def add_running_arguments(parser: argparse.ArgumentParser) -> None:
    """`--form`, and what `running` reads: how a model is to run."""
    parser.add_argument(
        "--form",
        choices=("stream", "window", "edgetpu"),
        help="form of the model (default: the cheapest that the bundle has for what runs it)",
    )
    parser.add_argument(
        "--kernels",
        choices=("default", "builtin"),
        default="default",
        help="default: the interpreter's fast kernels (XNNPACK); builtin: the portable ones",
    )
    parser.add_argument("--threads", type=positive, default=1, metavar="N", help="threads of the interpreter (default: 1)")
    add_accelerator_arguments(parser)


def add_accelerator_arguments(parser: argparse.ArgumentParser) -> None:
    """`--delegate`, `--delegate-option` and `--fallback`: what `accelerator_of` reads."""
    parser.add_argument(
        "--delegate", default=NONE, metavar="NAME|PATH", help="edgetpu, gpu, or the library of an external TFLite delegate"
    )
    parser.add_argument(
        "--delegate-option", type=option, action="append", metavar="KEY=VALUE", help="for the delegate; may come several times"
    )
    parser.add_argument("--fallback", action="store_true", help="run on the CPU, and say so, where the delegate can't")


class Running(TypedDict):
    """How a model is to run, as `load_engine` and `load_speech_engine` take it."""

    threads: int
    kernels: Kernels
    accelerator: Accelerator


def running(args: argparse.Namespace) -> Running:
    """What the arguments of `add_running_arguments` say of it. Raises `ConfigError`."""
    return {"threads": args.threads, "kernels": args.kernels, "accelerator": accelerator_of(args)}


def accelerator_of(args: argparse.Namespace) -> Accelerator:
    """What `--delegate`, `--delegate-option` and `--fallback` ask for. Raises `ConfigError`."""
    return Accelerator(args.delegate, dict(args.delegate_option or ()), args.fallback)


def add_rate_arguments(parser: argparse.ArgumentParser) -> None:
    """`--rate`, `--device`, `--chunk-ms` and `--wait`: what `open_input` takes beside its input."""
    parser.add_argument("--rate", type=positive, metavar="HZ", help="rate of stdin or the microphone (default: the bundle's)")
    parser.add_argument("--device", metavar="D", help="microphone, by number or part of its name (see edge-asr devices)")
    parser.add_argument(
        "--chunk-ms", type=chunk_ms, metavar="MS", help="milliseconds of audio that the microphone brings at once (default: 80)"
    )
    parser.add_argument("--wait", action="store_true", help="wait for a microphone that is not there yet, as a service does")


def add_recogniser_arguments(parser: argparse.ArgumentParser) -> None:
    """`--grammar`, `--hotword`, `--gate` and `--beam`."""
    parser.add_argument(
        "--grammar", type=Path, metavar="FILE", help="sentences that may be said, from 'invoke grammar' (default: the bundle's)"
    )
    parser.add_argument(
        "--hotword",
        type=hot_word,
        action="append",
        metavar="WORD:WEIGHT",
        help="a word or phrase that is likelier than usual, by e to the WEIGHT; may come several times",
    )
    parser.add_argument(
        "--gate", choices=("energy", "webrtcvad", "pysilero"), help="what tells speech from other sound (default: the bundle's)"
    )
    parser.add_argument("--beam", type=positive, metavar="N", help="prefixes that the search keeps (default: the bundle's)")


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="write JSON, for machines")


def option(text: str) -> tuple[str, str]:
    """A key and its value."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE, found {text!r}")
    return key, value


def positive(text: str) -> int:
    """A whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, found {value}")
    return value


def chunk_ms(text: str) -> float:
    """Milliseconds from 5 to 2000."""
    return _between(5.0, 2000.0, text)


def patience(text: str) -> float:
    """Seconds from 0.5 to 60."""
    return _between(0.5, 60.0, text)


def share(text: str) -> float:
    """A number from 0 to 1."""
    return _between(0.0, 1.0, text)


def hot_word(text: str) -> tuple[str, float]:
    """A word or phrase and its weight."""
    phrase, _, weight = text.rpartition(":")
    try:
        value = float(weight)
    except ValueError:
        value = math.nan
    if not phrase or not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"expected WORD:WEIGHT, like 'kitchen:3', found {text!r}")
    return phrase, value


def _between(least: float, most: float, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"expected a number from {least:g} to {most:g}, found {text!r:.40}")
    return value
