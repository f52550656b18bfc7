"""`edge-asr record`: recordings of a phrase at the microphone, guided."""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

from edge_asr.bundle.phrase import phrase_label
from edge_asr.cli.arguments import add_json_argument, positive
from edge_asr.cli.live import LiveLine, level_meter
from edge_asr.cli.main import INTERRUPTED
from edge_asr.cli.stop import StopSignals
from edge_asr.errors import AudioError
from edge_asr.files import write_whole
from edge_asr.runtime.encode_wav import encode_wav
from edge_asr.runtime.events import event_json
from edge_asr.runtime.record import RecordEvent, record
from edge_asr.runtime.take_check import ADVICE, Take
from edge_asr.runtime.take_recorder import Prompt, Rejected, Room

HINTS = (
    "as you would say it to the device",
    "from nearer",
    "from farther away",
    "louder",
    "softly",
    "faster",
    "slowly",
    "with your face turned away",
    "from another place in the room",
    "from the next room, with the door open",
)
"""Ways to say it, two recordings each: a detector that has heard only one way knows only that."""

SENTENCES = {
    "header": "recording {phrase!r} at {microphone} into {folder}; be quiet for a moment, to measure the room",
    "room": "the room's noise is {noise:.0f} dBFS",
    "room_unsteady": "the room is not quiet yet ({noise:.0f} dBFS and more); waiting",
    "prompt": "\nSay {phrase!r} now ({number} of {count}), {hint}",
    "rejected": "  not kept: {advice}",
    "saved": "  kept {path} ({seconds:.2f} s, {level:.0f} dBFS in a noise of {noise:.0f})",
    "overrun": "  this machine was too slow, audio was lost",
    "source_lost": "  lost the microphone, waiting for it: {reason}",
    "source_back": "  the microphone is back: {source}",
    "done": "\n{recordings} recordings in {folder}; train with: invoke train --phrase {phrase!r} --recordings {folder}",
}
"""What people read instead of the JSON of an event."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `edge-asr record`."""
    parser.add_argument("--phrase", required=True, metavar="TEXT", help="what is said")
    parser.add_argument("--count", type=positive, default=20, metavar="N", help="how many there shall be (default: 20)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where they go (default: recordings/<phrase>)")
    parser.add_argument("--speaker", type=_name, default="speaker", metavar="NAME", help="who speaks; part of the files' names")
    parser.add_argument("--device", metavar="D", help="microphone, by number or part of its name (see edge-asr devices)")
    parser.add_argument("--rate", type=positive, default=16000, metavar="HZ", help="rate to ask the microphone for")
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Ask for the phrase until there are `--count` recordings by that speaker, or a signal comes."""
    from edge_asr.runtime.microphone import Microphone

    folder = args.out or Path("recordings") / phrase_label(args.phrase)
    there = _highest_number(folder, args.speaker)
    if there >= args.count:
        raise AudioError(f"{folder}: {there} recordings of {args.speaker} are there; ask for more with --count {there + 10}")
    with StopSignals() as stop:
        source = Microphone(args.device, args.rate)
        session = _Session(args, folder, there, source.sample_rate)
        try:
            session.say("header", phrase=args.phrase, folder=str(folder), microphone=source.name, sample_rate=source.sample_rate)
            record(source, args.count - there, session.event, should_stop=stop, on_chunk=session.level)
        finally:
            session.end()
            source.close()
    session.say("done", phrase=args.phrase, recordings=session.there, folder=str(folder))
    return INTERRUPTED if stop.received == signal.SIGINT else 0


def _name(text: str) -> str:
    if not re.fullmatch(r"[^\W_][\w-]*", text):
        raise argparse.ArgumentTypeError(f"expected letters, digits and -, found {text!r}")
    return text


def _highest_number(folder: Path, speaker: str) -> int:
    """The number of the last recording of `speaker` in `folder`; 0 without one."""
    numbers = (re.fullmatch(rf"{re.escape(speaker)}_(\d+)", path.stem) for path in folder.glob("*.wav"))
    return max((int(found[1]) for found in numbers if found), default=0)


class _Session:
    """Writes takes and says what goes on: sentences on stdout, for machines JSON lines; a level meter on a terminal."""

    def __init__(self, args: argparse.Namespace, folder: Path, there: int, sample_rate: int) -> None:
        self._args, self._folder, self._rate = args, folder, sample_rate
        self.there = there
        """Recordings of this speaker."""
        self._live = LiveLine(sys.stderr) if not args.json and sys.stderr is not None and sys.stderr.isatty() else None

    def event(self, event: RecordEvent) -> None:
        """One step or incident, at once."""
        if isinstance(event, Take):
            path = self._keep(event)
            self.say("saved", path=str(path), seconds=round(event.seconds, 2), level=event.level, noise=event.noise)
        elif isinstance(event, Prompt):
            hint = HINTS[self.there // 2 % len(HINTS)]
            self.say("prompt", phrase=self._args.phrase, number=self.there + 1, count=self._args.count, hint=hint)
        elif isinstance(event, Room):
            self.say("room" if event.steady else "room_unsteady", noise=event.noise)
        elif isinstance(event, Rejected):
            self.say("rejected", fault=event.fault, advice=ADVICE[event.fault])
        else:
            fields = event_json(event)
            self.say(str(fields["event"]), **{name: value for name, value in fields.items() if name not in ("event", "time")})

    def level(self, level: float) -> None:
        """Audio was heard."""
        if self._live:
            self._live.show(level_meter(level))

    def say(self, event: str, **fields: Any) -> None:
        """Write one line."""
        self.end()
        if self._args.json:
            levels = {name: round(value, 1) for name, value in fields.items() if name in ("level", "noise")}
            print(json.dumps({"event": event, **fields, **levels}), flush=True)
        else:
            print(SENTENCES[event].format(**fields), flush=True)

    def end(self) -> None:
        """Leave the terminal's line clean."""
        if self._live:
            self._live.clear()

    def _keep(self, take: Take) -> Path:
        path = self._folder / f"{self._args.speaker}_{self.there + 1}.wav"
        try:
            write_whole(path, encode_wav(take.samples, self._rate))
        except OSError as err:
            raise AudioError(f"{path}: can't be written: {err.strerror or err}; choose another --out") from err
        self.there += 1
        return path
