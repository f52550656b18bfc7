"""`edge-asr listen`: audio in, detections out."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge_asr.bundle.manifest import BACKGROUND
from edge_asr.cli.arguments import (
    add_engine_arguments,
    add_json_argument,
    add_rate_arguments,
    add_recogniser_arguments,
    patience,
    running,
    share,
)
from edge_asr.cli.audio_input import open_input
from edge_asr.cli.event_lines import header, print_json, print_line, tell_fallback
from edge_asr.cli.live import LiveLine, live_line
from edge_asr.cli.main import INTERRUPTED
from edge_asr.cli.signed import add_key_argument, read_allowed
from edge_asr.cli.stop import StopSignals
from edge_asr.errors import ConfigError
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.runtime.events import Event, Partial
from edge_asr.runtime.listen import EventStream, listen
from edge_asr.runtime.listener import Listener
from edge_asr.runtime.notify import ServiceManager, service_manager
from edge_asr.runtime.stream import Stream

if TYPE_CHECKING:
    from edge_asr.runtime.command_stream import CommandStream


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `edge-asr listen`."""
    add_engine_arguments(parser, several=True)
    add_key_argument(parser)
    parser.add_argument(
        "--input", default="mic", metavar="FILE|-|mic", help="a WAV file, raw 16-bit mono samples on stdin, or the microphone"
    )
    add_rate_arguments(parser)
    parser.add_argument("--threshold", type=share, metavar="T", help="score to detect at, for all labels (default: the bundle's)")
    parser.add_argument("--then", type=Path, metavar="FOLDER", help="a recogniser's bundle, for the command behind a wake word")
    parser.add_argument(
        "--patience", type=patience, metavar="S", help="seconds after the wake word in which a command must begin (default: 5)"
    )
    add_recogniser_arguments(parser)
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Listen until the input ends or a signal comes."""
    _check_then(args)
    with StopSignals() as stop, service_manager(os.environ, os.getpid()) as service:
        engines = [load_engine(read_allowed(path, args), form=args.form, **running(args)) for path in args.bundle]
        wake = _open_stream(engines, args.threshold)
        for engine in engines:
            tell_fallback(engine)
        headers = [header(engine) for engine in engines]
        stream: EventStream = wake
        if args.then is not None:
            stream, then = _then(wake, args)
            headers.append(then)
        source = open_input(args.input, args, wake.sample_rate, service=service, should_stop=stop)
        output = _Output(wake, [label for engine in engines for label in engine.labels], service, as_json=args.json)
        if source is not None:
            try:
                if args.json:
                    print("\n".join(headers), flush=True)
                listen(source, stream, output.event, sample_rate=wake.sample_rate, should_stop=stop, on_chunk=output.chunk)
            finally:
                output.end()
                source.close()
    return INTERRUPTED if stop.received == signal.SIGINT else 0


def _check_then(args: argparse.Namespace) -> None:
    given = [name for name in ("patience", "grammar", "hotword", "gate", "beam") if getattr(args, name)]
    if given and args.then is None:
        raise ConfigError(f"--{given[0]} is for the recogniser behind a wake word; name its bundle with --then, or leave it out")


def _then(wake: Stream, args: argparse.Namespace) -> tuple[CommandStream, str]:
    """The recogniser behind the wake word, and its header; what it needs is imported here, for those who only detect."""
    from edge_asr.cli.recogniser import open_recogniser
    from edge_asr.runtime.command_stream import PATIENCE, CommandStream
    from edge_asr.runtime.speech_engine import load_speech_engine

    engine = load_speech_engine(read_allowed(args.then, args), **running(args))
    tell_fallback(engine)
    return CommandStream(wake, open_recogniser(engine, args), patience=args.patience or PATIENCE), header(engine)


def _open_stream(engines: list[Engine], threshold: float | None) -> Stream:
    """A stream that all engines hear; with a threshold, theirs for every label."""
    listeners = []
    for engine in engines:
        detect = engine.manifest.detect
        if threshold is not None:
            detect = replace(detect, threshold=threshold, thresholds={})
        listeners.append(Listener(engine, detect, engine.manifest.name if len(engines) > 1 else ""))
    return Stream(listeners)


class _Output:
    """What was heard to stdout, everything else that people want to know to stderr; for machines all of it to stdout.

    The service manager is told as well.
    """

    def __init__(self, wake: Stream, labels: list[str], service: ServiceManager, *, as_json: bool) -> None:
        self._wake, self._labels, self._service, self._json = wake, labels, service, as_json
        self._partial = ""
        self._live = LiveLine(sys.stderr) if sys.stderr is not None and sys.stderr.isatty() else None

    def event(self, event: Event) -> None:
        """One event, at once."""
        self._service.event(event)
        self._partial = event.text if isinstance(event, Partial) else ""
        self.end()
        if self._json:
            print_json(event)
        elif not isinstance(event, Partial):
            print_line(event)

    def chunk(self, stream: EventStream) -> None:
        """A chunk was heard, which may be empty."""
        self._service.audio(stream.samples)
        if not self._live:
            return
        if self._partial:
            self._live.show(self._partial, keep_end=True)
            return
        scores = zip(self._labels, self._wake.posterior.tolist(), strict=True)
        hidden = BACKGROUND if len(set(self._labels)) < len(self._labels) else ()  # every bundle has its own
        self._live.show(live_line(self._wake.level, {label: score for label, score in scores if label not in hidden}))

    def end(self) -> None:
        """Leave the terminal's line clean."""
        if self._live:
            self._live.clear()
