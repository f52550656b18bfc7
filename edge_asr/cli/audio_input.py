"""The audio that `--input`, `--rate`, `--device`, `--chunk-ms` and `--wait` name."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from edge_asr.errors import AudioError
from edge_asr.runtime.notify import ServiceManager
from edge_asr.runtime.sources import AudioSource, PcmSource, WavSource, at_rate

NO_FILES = ("-", "mic")
"""Inputs that are no files: stdin, the microphone."""


def open_input(
    name: str, args: argparse.Namespace, sample_rate: int, *, service: ServiceManager, should_stop: Callable[[], bool]
) -> AudioSource | None:
    """The file `name`, stdin ("-") or the microphone ("mic"), at `sample_rate`. Raises `AudioError`.

    With `--wait` it waits for the microphone, which `service` and stderr are told; None: `should_stop()` meanwhile.
    """
    _check(name, args)

    def open_it() -> AudioSource:
        return at_rate(_open(name, args, sample_rate), sample_rate)

    return _await_microphone(open_it, service, should_stop) if args.wait else open_it()


def _await_microphone(
    open_it: Callable[[], AudioSource], service: ServiceManager, should_stop: Callable[[], bool]
) -> AudioSource | None:
    from edge_asr.runtime.await_source import await_source
    from edge_asr.runtime.microphone import list_devices

    list_devices()  # without PyAudio there is nothing to wait for
    told = ""

    def tell(err: AudioError) -> None:
        nonlocal told
        if str(err) != told:
            told = str(err)
            service.waiting(told)
            print(f"edge-asr: waiting for audio: {told}", file=sys.stderr)

    return await_source(open_it, tell, should_stop=should_stop)


def _check(name: str, args: argparse.Namespace) -> None:
    if name not in NO_FILES and args.rate:
        raise AudioError(f"{name}: a WAV file says its rate itself; leave --rate out")
    given = [option for option in ("device", "chunk_ms", "wait") if getattr(args, option) not in (None, False)]
    if name != "mic" and given:
        option = f"--{given[0].replace('_', '-')}"
        raise AudioError(f"{option} is for the microphone; leave --input out, or {option}")


def _open(name: str, args: argparse.Namespace, sample_rate: int) -> AudioSource:
    if name == "-":
        return PcmSource(sys.stdin.fileno(), args.rate or sample_rate)
    if name == "mic":
        from edge_asr.runtime.microphone import CHUNK_SECONDS, Microphone

        chunk_seconds = args.chunk_ms / 1000 if args.chunk_ms else CHUNK_SECONDS
        return Microphone(args.device, args.rate or sample_rate, chunk_seconds=chunk_seconds)
    return WavSource(Path(name))
