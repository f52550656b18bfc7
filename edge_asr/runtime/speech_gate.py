"""When an utterance begins and when it ends. Time is the count of samples: nothing depends on how they are cut, or on a clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.speech import EndpointSpec
from edge_asr.runtime.voice import VoiceDetector


@dataclass(frozen=True)
class GateChange:
    """The gate opened or closed."""

    open: bool
    sample: int
    """Samples from the start of the stream: the utterance begins, or ends, before this one. A beginning lies in the past."""


class SpeechGate:
    """Opens for speech and closes behind it.

    It opens once there were `min_speech_ms` more of speech than of pauses, and then reaches `pre_roll_ms` back before that
    speech. It closes after `hang_over_ms` without speech, or when an utterance has lasted for `max_utterance_s`; what is said
    behind such a cut is the next utterance, without a gap.
    """

    def __init__(self, detector: VoiceDetector, endpoint: EndpointSpec, sample_rate: int) -> None:
        """`detector`: the gate's own, for audio at `sample_rate`; times are rounded to its frames, up to at least one."""
        self._detector, self._frame = detector, detector.frame_samples

        def frames(seconds: float) -> int:
            return max(1, round(seconds * sample_rate / self._frame))

        self._enough = frames(endpoint.min_speech_ms / 1000)
        self._hang_over = frames(endpoint.hang_over_ms / 1000)
        self.learns_from = round(self._detector.memory_seconds * sample_rate)
        """Samples that `prime` makes use of."""
        self._longest = frames(endpoint.max_utterance_s) * self._frame
        self._lead = (self._enough + frames(endpoint.pre_roll_ms / 1000)) * self._frame
        self.reset()

    @property
    def memory_samples(self) -> int:
        """How far before the samples heard an utterance may begin that has not begun yet."""
        return self._lead + self._frame

    def reset(self) -> None:
        """Start over: closed, after silence in a room that it does not know."""
        self._detector.reset()
        self._rest = np.zeros(0)
        self._open = False
        self._time = self._start = self._end = 0
        """Samples judged; where the utterance began; before where none may begin."""
        self._speech = self._pause = 0
        """Frames, while closed and while open."""

    def prime(self, samples: NDArray[np.float64]) -> None:
        """Learn the room's noise from what came before the stream, float64 (n,) in [-1, 1). Call it before `accept`."""
        count = min(len(samples), self.learns_from) // self._frame * self._frame
        self._detector.is_speech(samples[len(samples) - count :])

    def accept(self, samples: NDArray[np.float64]) -> list[GateChange]:
        """The changes that the next samples, float64 (n,) in [-1, 1), complete, in order."""
        heard = np.concatenate((self._rest, samples))
        whole = len(heard) // self._frame * self._frame
        self._rest = heard[whole:]
        changes = [self._step(speech) for speech in self._detector.is_speech(heard[:whole]).tolist()]
        return [change for change in changes if change]

    def _step(self, speech: bool) -> GateChange | None:
        self._time += self._frame
        if self._open:
            self._pause = 0 if speech else self._pause + 1
            over = self._pause >= self._hang_over or self._time - self._start >= self._longest
            return self._change(self._time) if over else None
        self._speech = max(0, self._speech + (1 if speech else -1))
        return self._change(max(self._end, self._time - self._lead)) if self._speech >= self._enough else None

    def _change(self, sample: int) -> GateChange:
        self._open = not self._open
        self._speech = self._pause = 0
        if self._open:
            self._start = sample
        else:
            self._end = sample
        return GateChange(self._open, sample)
