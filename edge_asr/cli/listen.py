"""`edge-asr listen`: audio in, detections out."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_asr.cli.arguments import add_engine_arguments, add_json_argument, positive, share
from edge_asr.cli.live import LiveLine, live_line
from edge_asr.cli.main import INTERRUPTED
from edge_asr.cli.stop import StopSignals
from edge_asr.errors import AudioError
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.runtime.events import Detection, Event, Overrun, SourceLost, Started, event_json
from edge_asr.runtime.listen import listen
from edge_asr.runtime.sources import AudioSource, PcmSource, WavSource, at_rate
from edge_asr.runtime.stream import Stream


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `edge-asr listen`."""
    add_engine_arguments(parser)
    parser.add_argument(
        "--input", default="mic", metavar="FILE|-|mic", help="a WAV file, raw 16-bit mono samples on stdin, or the microphone"
    )
    parser.add_argument("--rate", type=positive, metavar="HZ", help="rate of stdin or the microphone (default: the bundle's)")
    parser.add_argument("--device", metavar="D", help="microphone, by number or part of its name (see edge-asr devices)")
    parser.add_argument("--threshold", type=share, metavar="T", help="score to detect at, for all labels (default: the bundle's)")
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Listen until the input ends or a signal comes."""
    with StopSignals() as stop:
        engine = load_engine(args.bundle, threads=args.threads, kernels=args.kernels)
        detect = engine.manifest.detect
        if args.threshold is not None:
            detect = replace(detect, threshold=args.threshold, thresholds={})
        rate = engine.manifest.frontend.sample_rate
        source = at_rate(_open(args, rate), rate)
        output = _Output(engine, as_json=args.json)
        try:
            output.header()
            stream = engine.stream(detect)
            listen(source, stream, output.event, sample_rate=rate, should_stop=stop, on_chunk=output.chunk)
        finally:
            output.end()
            source.close()
    return INTERRUPTED if stop.received == signal.SIGINT else 0


def _open(args: argparse.Namespace, engine_rate: int) -> AudioSource:
    if args.input not in ("-", "mic") and args.rate:
        raise AudioError(f"{args.input}: a WAV file says its rate itself; leave --rate out")
    if args.input != "mic" and args.device is not None:
        raise AudioError("--device is for the microphone; leave --input out, or --device")
    if args.input == "-":
        return PcmSource(sys.stdin.fileno(), args.rate or engine_rate)
    if args.input == "mic":
        from edge_asr.runtime.microphone import Microphone

        return Microphone(args.device, args.rate or engine_rate)
    return WavSource(Path(args.input))


class _Output:
    """Detections to stdout, everything else that people want to know to stderr; for machines all of it to stdout."""

    def __init__(self, engine: Engine, *, as_json: bool) -> None:
        self._engine, self._json = engine, as_json
        self._live = LiveLine(sys.stderr) if sys.stderr is not None and sys.stderr.isatty() else None

    def header(self) -> None:
        """What listens."""
        about, manifest = self._engine.interpreter.description, self._engine.manifest
        fields: dict[str, Any] = {
            "event": "header",
            "bundle": manifest.name,
            "labels": list(manifest.labels),
            "interpreter": f"{about.package} {about.version}",
            "kernels": about.kernels,
            "sample_rate": manifest.frontend.sample_rate,
        }
        if self._json:
            print(json.dumps(fields), flush=True)

    def event(self, event: Event) -> None:
        """One event, at once."""
        self.end()
        if self._json:
            print(json.dumps(event_json(event)), flush=True)
        elif isinstance(event, Detection):
            print(f"{event.label:<12} {event.start:9.2f} s to {event.end:9.2f} s  score {event.score:.2f}", flush=True)
        else:
            print(f"edge-asr: {_describe(event)}", file=sys.stderr)

    def chunk(self, stream: Stream) -> None:
        """Audio was heard."""
        if self._live:
            self._live.show(live_line(stream.level, dict(zip(self._engine.labels, stream.posterior, strict=True))))

    def end(self) -> None:
        """Leave the terminal's line clean."""
        if self._live:
            self._live.clear()


def _describe(event: Event) -> str:
    if isinstance(event, Started):
        return f"listening to {event.source}"
    if isinstance(event, Overrun):
        return f"too slow: {event.samples} samples were lost at {event.time:.1f} s"
    if isinstance(event, SourceLost):
        return f"lost the source at {event.time:.1f} s, waiting for it: {event.reason}"
    return f"the source is back: {getattr(event, 'source', '')}"
