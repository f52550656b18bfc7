"""The audio that `--input`, `--rate` and `--device` name."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edge_asr.errors import AudioError
from edge_asr.runtime.sources import AudioSource, PcmSource, WavSource, at_rate

NO_FILES = ("-", "mic")
"""Inputs that are no files: stdin, the microphone."""


def open_input(name: str, args: argparse.Namespace, sample_rate: int) -> AudioSource:
    """The file `name`, stdin ("-") or the microphone ("mic"), at `sample_rate`. Raises `AudioError`."""
    return at_rate(_open(name, args, sample_rate), sample_rate)


def _open(name: str, args: argparse.Namespace, sample_rate: int) -> AudioSource:
    if name not in NO_FILES and args.rate:
        raise AudioError(f"{name}: a WAV file says its rate itself; leave --rate out")
    if name != "mic" and args.device is not None:
        raise AudioError("--device is for the microphone; leave --input out, or --device")
    if name == "-":
        return PcmSource(sys.stdin.fileno(), args.rate or sample_rate)
    if name == "mic":
        from edge_asr.runtime.microphone import Microphone

        return Microphone(args.device, args.rate or sample_rate)
    return WavSource(Path(name))
