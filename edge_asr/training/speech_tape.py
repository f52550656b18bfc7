"""What a live stream gives its decoder, kept, so that any decoder can be tried on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.runtime.ctc.hypothesis import Decoder, Transcript
from edge_asr.runtime.events import Final
from edge_asr.runtime.speech_engine import SpeechEngine
from edge_asr.runtime.speech_stream import SpeechStream

NOTHING = Transcript("", (), 0.0, 0.0)


@dataclass(frozen=True)
class Stretch:
    """Speech between two pauses, as the gate has cut it out."""

    start: float
    """Seconds from the beginning of the sound."""
    end: float
    log_probs: NDArray[np.float32]
    """(output frames, tokens)."""

    def decode(self, decoder: Decoder) -> Transcript:
        """What `decoder`, which starts over for it, makes of it; word times are from the stretch's start on."""
        decoder.reset()
        decoder.advance(self.log_probs)
        return decoder.finish()


class _Tape:
    """A decoder that keeps what it hears, and says nothing."""

    def __init__(self) -> None:
        self.finished: list[NDArray[np.float32]] = []
        self.reset()

    def reset(self) -> None:
        self._parts: list[NDArray[np.float32]] = []

    def advance(self, log_probs: NDArray[np.float32]) -> None:
        self._parts.append(log_probs)

    def best(self) -> Transcript:
        return NOTHING

    def finish(self) -> Transcript:
        self.finished.append(np.concatenate(self._parts))
        return NOTHING


def stretches(engine: SpeechEngine, samples: NDArray[Any]) -> tuple[Stretch, ...]:
    """The stretches of speech that `engine` hears in `samples`, as live, from a fresh stream to its end.

    `samples` as `SpeechStream.accept` takes them. What a decoder makes of a stretch is, bit for bit, what the stream would have
    said with it. Raises as `SpeechStream` does.
    """
    tape = _Tape()
    stream = SpeechStream(engine, tape, engine.spec.endpoint)
    events = [event for event in (*stream.accept(samples), *stream.finish()) if isinstance(event, Final)]
    return tuple(Stretch(event.start, event.end, heard) for event, heard in zip(events, tape.finished, strict=True))
