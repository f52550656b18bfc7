"""Guided recording: listens to the room, asks for a phrase, finds it in what the microphone hears, asks again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import AudioError
from edge_asr.frontend.pcm import as_float
from edge_asr.runtime.speech_level import HOP_SECONDS, above_noise, band_powers, dbfs, noise_powers
from edge_asr.runtime.speech_span import STANDS_OUT_DB
from edge_asr.runtime.take_check import SECONDS, Fault, Take, check_take

ROOM_SECONDS = 1.5
"""How long the room is listened to before the first prompt."""
ABOVE_ROOM_DB = 3.0
"""Speech begins so far above the loudest that the room was."""
STEADY_DB = 20.0
"""A room that goes so far above its own noise was not only listened to: somebody spoke."""
BEFORE = 0.6
"""Seconds kept from before the speech began."""
AFTER = 0.7
"""Seconds of quiet after which the phrase is over."""
LONGEST = SECONDS[1] + BEFORE + AFTER + 0.5
"""Seconds after which it is not waited for any longer."""
PATIENCE = 10.0
"""Seconds without speech after which the speaker is told that nothing is heard."""
BLOCK = 0.08
"""Seconds that are looked at in one go, in however large pieces they come."""
OVERLAP_FRAMES = 6
"""Frames of the block before that are looked at again: levels are averaged over several frames."""


@dataclass(frozen=True)
class Room:
    """The room was listened to."""

    noise: float
    """dBFS."""
    steady: bool
    """Whether it was quiet enough around the noise to begin; if not, it is listened to once more."""


@dataclass(frozen=True)
class Prompt:
    """The speaker may speak now."""


@dataclass(frozen=True)
class Rejected:
    """What was said, or not said, is of no use; the next prompt asks again."""

    fault: Fault


Step: TypeAlias = Room | Prompt | Rejected | Take


class TakeRecorder:
    """Cuts takes out of a microphone's audio. Fed with chunks of any length; `Take`s in its answers are good ones."""

    level: float = -120.0
    """dBFS of the last block, between 125 and 7,500 Hz."""

    def __init__(self, sample_rate: int) -> None:
        """Begin by listening to the room."""
        self._rate = sample_rate
        self._heard = np.zeros(0, np.float32)
        self._speaking, self._quiet = False, 0
        self._noise: NDArray[np.float64] | None = None
        """Power in each band, once the room was listened to."""
        self._threshold = 0.0

    def accept(self, chunk: NDArray[Any]) -> Iterator[Step]:
        """What the next samples, (n,) int16 or float in [-1, 1), complete, in order. Raises `AudioError` for other arrays."""
        samples = as_float(chunk).astype(np.float32)
        size = round(BLOCK * self._rate)
        for begin in range(0, len(samples), size):
            yield from self._block(samples[begin : begin + size])

    def interrupt(self) -> Iterator[Step]:
        """Audio was lost here: a phrase under way is incomplete."""
        if self._speaking:
            yield from self._ask_again("cut_off")
        self._start_take()

    def _block(self, block: NDArray[np.float32]) -> Iterator[Step]:
        recent = self._heard[-round(OVERLAP_FRAMES * HOP_SECONDS * self._rate) :]
        self._heard = np.concatenate([self._heard, block])
        powers = band_powers(np.concatenate([recent, block]), self._rate)
        if len(powers):
            self.level = dbfs(float(powers[-round(BLOCK / HOP_SECONDS) :].sum(axis=1).mean()))
        if self._noise is not None:
            loud = bool((above_noise(powers, self._noise) > self._threshold).any())
            yield from self._follow(loud, len(block), dbfs(float(self._noise.sum())))
        elif len(self._heard) >= ROOM_SECONDS * self._rate:
            yield from self._measure_room()

    def _measure_room(self) -> Iterator[Step]:
        powers = band_powers(self._heard, self._rate)
        noise = noise_powers(powers).mean(axis=0)
        loudest = float(above_noise(powers, noise).max())
        steady = loudest < STEADY_DB
        yield Room(dbfs(float(noise.sum())), steady)
        self._start_take()
        if steady:
            self._noise, self._threshold = noise, max(STANDS_OUT_DB, loudest + ABOVE_ROOM_DB)
            yield Prompt()

    def _follow(self, loud: bool, samples: int, noise: float) -> Iterator[Step]:
        self._speaking = self._speaking or loud
        self._quiet = 0 if loud else self._quiet + samples
        if not self._speaking:
            self._heard = self._heard[-round(BEFORE * self._rate) :]
            if self._quiet > PATIENCE * self._rate:
                yield from self._ask_again("nothing", room=True)
        elif self._quiet > AFTER * self._rate:
            yield from self._judge(noise)
        elif len(self._heard) > LONGEST * self._rate:
            yield from self._ask_again("too_long", room=True)

    def _judge(self, noise: float) -> Iterator[Step]:
        try:
            take = check_take(self._heard, self._rate, noise)
        except AudioError:  # a click, a rustle
            self._start_take()
            return
        if take.fault:
            yield from self._ask_again(take.fault)
            return
        yield take
        self._start_take()
        yield Prompt()

    def _ask_again(self, fault: Fault, *, room: bool = False) -> Iterator[Step]:
        """Reject, and prompt anew; first listen to the `room` again where that may have changed."""
        yield Rejected(fault)
        self._start_take()
        if room:
            self._noise = None
        else:
            yield Prompt()

    def _start_take(self) -> None:
        self._heard = np.zeros(0, np.float32)
        self._speaking, self._quiet = False, 0
