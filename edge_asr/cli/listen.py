"""`edge-asr listen`: audio in, detections out."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_asr.bundle.manifest import BACKGROUND
from edge_asr.cli.arguments import add_engine_arguments, add_json_argument, positive, share
from edge_asr.cli.live import LiveLine, live_line
from edge_asr.cli.main import INTERRUPTED
from edge_asr.cli.stop import StopSignals
from edge_asr.errors import AudioError
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.runtime.events import Detection, Event, Overrun, SourceLost, Started, event_json
from edge_asr.runtime.listen import listen
from edge_asr.runtime.listener import Listener
from edge_asr.runtime.sources import AudioSource, PcmSource, WavSource, at_rate
from edge_asr.runtime.stream import Stream


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `edge-asr listen`."""
    add_engine_arguments(parser, several=True)
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
        engines = [load_engine(bundle, form=args.form, threads=args.threads, kernels=args.kernels) for bundle in args.bundle]
        stream = _open_stream(engines, args.threshold)
        rate = engines[0].manifest.frontend.sample_rate
        source = at_rate(_open(args, rate), rate)
        output = _Output(engines, as_json=args.json)
        try:
            output.header()
            listen(source, stream, output.event, sample_rate=rate, should_stop=stop, on_chunk=output.chunk)
        finally:
            output.end()
            source.close()
    return INTERRUPTED if stop.received == signal.SIGINT else 0


def _open_stream(engines: list[Engine], threshold: float | None) -> Stream:
    """A stream that all engines hear; with a threshold, theirs for every label."""
    listeners = []
    for engine in engines:
        detect = engine.manifest.detect
        if threshold is not None:
            detect = replace(detect, threshold=threshold, thresholds={})
        listeners.append(Listener(engine, detect, engine.manifest.name if len(engines) > 1 else ""))
    return Stream(listeners)


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

    def __init__(self, engines: list[Engine], *, as_json: bool) -> None:
        self._engines, self._json = engines, as_json
        self._labels = [label for engine in engines for label in engine.labels]
        self._live = LiveLine(sys.stderr) if sys.stderr is not None and sys.stderr.isatty() else None

    def header(self) -> None:
        """What listens: for machines a line a bundle."""
        for engine in self._engines if self._json else ():
            about, manifest = engine.interpreter.description, engine.manifest
            fields: dict[str, Any] = {
                "event": "header",
                "bundle": manifest.name,
                "labels": list(manifest.labels),
                "form": engine.model.form,
                "interpreter": f"{about.package} {about.version}",
                "kernels": about.kernels,
                "sample_rate": manifest.frontend.sample_rate,
            }
            print(json.dumps(fields), flush=True)

    def event(self, event: Event) -> None:
        """One event, at once."""
        self.end()
        if self._json:
            print(json.dumps(event_json(event)), flush=True)
        elif isinstance(event, Detection):
            whose = f"  ({event.bundle})" if event.bundle else ""
            print(f"{event.label:<12} {event.start:9.2f} s to {event.end:9.2f} s  score {event.score:.2f}{whose}", flush=True)
        else:
            print(f"edge-asr: {_describe(event)}", file=sys.stderr)

    def chunk(self, stream: Stream) -> None:
        """Audio was heard."""
        if self._live:
            scores = dict(zip(self._labels, stream.posterior, strict=True))
            hidden = BACKGROUND if len(self._engines) > 1 else ()  # every bundle has its own
            self._live.show(live_line(stream.level, {label: scores[label] for label in scores if label not in hidden}))

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
