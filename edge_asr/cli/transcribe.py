"""`edge-asr transcribe`: audio in, text out."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from edge_asr.cli.arguments import add_engine_arguments, add_json_argument, add_rate_arguments, add_recogniser_arguments, running
from edge_asr.cli.audio_input import NO_FILES, open_input
from edge_asr.cli.event_lines import header, print_json, print_line, tell_fallback
from edge_asr.cli.live import LiveLine
from edge_asr.cli.main import INTERRUPTED
from edge_asr.cli.recogniser import open_recogniser
from edge_asr.cli.signed import add_key_argument, read_allowed
from edge_asr.cli.stop import StopSignals
from edge_asr.errors import AudioError
from edge_asr.runtime.events import Event, Partial
from edge_asr.runtime.listen import EventStream, listen
from edge_asr.runtime.notify import ServiceManager, service_manager
from edge_asr.runtime.speech_engine import load_speech_engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `edge-asr transcribe`."""
    add_engine_arguments(parser)
    add_key_argument(parser)
    parser.add_argument(
        "--input",
        nargs="+",
        default=["mic"],
        metavar="FILE|-|mic",
        help="WAV files, raw 16-bit mono samples on stdin, or the microphone",
    )
    add_rate_arguments(parser)
    add_recogniser_arguments(parser)
    parser.add_argument("--no-endpoint", action="store_true", help="take the whole input for one utterance")
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Transcribe one input after the other, until the last one ends or a signal comes."""
    if len(args.input) > 1 and set(args.input) & set(NO_FILES):
        raise AudioError(f"expected one input, or several files, found {' '.join(args.input)}")
    with StopSignals() as stop, service_manager(os.environ, os.getpid()) as service:
        engine = load_speech_engine(read_allowed(args.bundle, args), form=args.form, **running(args))
        tell_fallback(engine)
        stream = open_recogniser(engine, args, endpoint=not args.no_endpoint)
        if args.json:
            print(header(engine), flush=True)
        for name in args.input:
            output = _Output(name if len(args.input) > 1 else "", service, as_json=args.json)
            source = open_input(name, args, engine.sample_rate, service=service, should_stop=stop)
            if source is None:
                break
            stream.reset()
            try:
                listen(source, stream, output.event, sample_rate=engine.sample_rate, should_stop=stop, on_chunk=output.chunk)
            finally:
                output.end()
                source.close()
            if stop():
                break
    return INTERRUPTED if stop.received == signal.SIGINT else 0


class _Output:
    """Finals to stdout, partials over each other where that is a terminal; for machines all of it to stdout, a line each.

    The service manager is told as well.
    """

    def __init__(self, name: str, service: ServiceManager, *, as_json: bool) -> None:
        self._name, self._service, self._json = name, service, as_json
        self._live = LiveLine(sys.stdout) if sys.stdout.isatty() and not as_json else None

    def event(self, event: Event) -> None:
        """One event, at once."""
        self._service.event(event)
        if self._json:
            print_json(event)
        elif not isinstance(event, Partial):
            self.end()
            print_line(event, self._name)
        elif self._live:
            self._live.show(event.text, keep_end=True)

    def chunk(self, stream: EventStream) -> None:
        """A chunk was heard, which may be empty."""
        self._service.audio(stream.samples)

    def end(self) -> None:
        """Leave the terminal's line clean."""
        if self._live:
            self._live.clear()
