"""`edge-asr devices`: the microphones."""

from __future__ import annotations

import argparse

from edge_asr.runtime.microphone import list_devices


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`edge-asr devices` has no arguments."""


def run(args: argparse.Namespace) -> int:
    """Print a line a device: number, name, channels, rate; the default one with a star."""
    devices = list_devices()
    for device in devices:
        star = "*" if device.is_default else " "
        print(f"{star}{device.number:3}  {device.name}  ({device.channels} channels, {device.sample_rate} Hz)")
    if not devices:
        print("no device that records was found; is it plugged in, and may this user (group audio) use it?")
    return 0
