"""Wake word, then recogniser: one stream that waits for the word, hears the command behind it, and waits again.

While it waits, the recogniser does nothing; the last seconds are kept, so that it gets what was said before the decision about
the wake word fell, and knows the room's noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import ConfigError
from edge_asr.frontend.pcm import check_samples
from edge_asr.runtime.events import Detection, Event, Final, NoCommand
from edge_asr.runtime.recent_audio import RecentAudio
from edge_asr.runtime.speech_stream import SpeechStream
from edge_asr.runtime.stream import Stream

PATIENCE = 5.0
"""Seconds after the wake word in which a command must begin."""
AROUND = 0.2
"""Seconds before and after a detection in which the wake word ends (nine of ten takes of "alexa" ended from 0.17 s after
to 0.14 s before theirs). The command begins where it is quietest there."""
QUIET = 0.04
"""Seconds: a closure, or the beginning of a pause."""
BLOCK_SECONDS = 0.5
"""Long chunks are worked through in blocks of this length: more than that is never kept."""


class CommandStream:
    """The state of one audio stream. What it says does not depend on how the samples are cut.

    The recogniser listens from the wake word's end until an utterance was accepted, or until `patience` has passed without the
    beginning of another one: then it says `NoCommand`. Wake words within a command are ignored.
    """

    def __init__(self, wake: Stream, speech: SpeechStream, *, patience: float = PATIENCE) -> None:
        """`wake` and `speech` are the stream's own, of one sample rate. Raises `ConfigError` when they have two."""
        if wake.sample_rate != speech.sample_rate:
            raise ConfigError(
                f"expected a recogniser for the wake word's {wake.sample_rate} Hz, found one for {speech.sample_rate} Hz; "
                "use bundles of one sample rate"
            )
        self.wake = wake
        """For its level and its posterior."""
        self._speech, self._rate = speech, wake.sample_rate
        steps = math.ceil(patience * self._rate / speech.step_samples)
        self._patience, self._around = steps * speech.step_samples, round(AROUND * self._rate)
        self._block = round(BLOCK_SECONDS * self._rate)
        self._audio = RecentAudio(speech.learns_from + 2 * self._around + self._block)
        self._woken: int | None = None
        """Where a wake word was detected whose command has not begun."""
        self._begun = 0
        self._next: int | None = None
        """Of the command under way: its first sample, and the one that the recogniser gets next."""

    @property
    def samples(self) -> int:
        """Samples accepted."""
        return self.wake.samples

    def accept(self, samples: NDArray[Any]) -> list[Event]:
        """Take the next samples and return the events that they complete, in order; see `Stream.accept`."""
        check_samples(samples)
        events: list[Event] = []
        for at in range(0, max(1, len(samples)), self._block):
            part = samples[at : at + self._block]
            detections = self.wake.accept(part)
            self._audio.append(part)
            events += self._follow(detections)
        return events

    def finish(self) -> list[Event]:
        """End the stream, and the command that is under way. A second call does nothing."""
        events = self._follow(self.wake.finish())
        if self._woken is not None:
            self._begin(self._woken)
            events += self._hear(self.samples)
        if self._next is not None:
            last = self._speech.finish()
            events += last if _understood(last) else [*last, NoCommand(self.samples / self._rate)]
            self._next = None
        return events

    def _follow(self, detections: list[Detection]) -> list[Event]:
        """What happens up to the newest sample, in which the wake words fall."""
        events: list[Event] = []
        for found in detections:
            at = round(found.end * self._rate)
            events += self._advance(at)
            if self._woken is None and self._next is None:
                events.append(found)
                self._woken = at
        return events + self._advance(self.samples)

    def _advance(self, end: int) -> list[Event]:
        """Give the recogniser what it is to hear up to sample `end`."""
        if self._woken is not None and end >= self._woken + self._around:
            self._begin(self._woken)
        return self._hear(end)

    def _begin(self, woken: int) -> None:
        start = self._quietest(woken)
        self._speech.reset(start)
        self._speech.prime(self._audio.part(start - self._speech.learns_from, start))
        self._begun = self._next = start
        self._woken = None

    def _quietest(self, woken: int) -> int:
        first = max(0, woken - self._around)
        audio = self._audio.part(first, woken + self._around)
        width = min(round(QUIET * self._rate), len(audio))
        energy = np.concatenate(([0.0], np.cumsum(np.square(audio))))
        return first + int(np.argmin(energy[width:] - energy[: len(energy) - width])) + width // 2

    def _hear(self, end: int) -> list[Event]:
        events: list[Event] = []
        while self._next is not None and self._next < end:
            # Whole steps, so that the recogniser is left at the same sample however the samples come.
            step = self._speech.step_samples - (self._next - self._begun) % self._speech.step_samples
            at, self._next = self._next, min(end, self._next + step)
            fresh = self._speech.accept(self._audio.part(at, self._next))
            events += fresh
            if _understood(fresh):
                self._next = None
            elif not self._speech.speaking and self._next - self._begun >= self._patience:
                events.append(NoCommand(self._next / self._rate))
                self._next = None
        return events


def _understood(events: Sequence[Event]) -> bool:
    return any(isinstance(event, Final) and event.accepted for event in events)
