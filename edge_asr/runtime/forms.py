"""The two forms of a model that run here, behind one face: a whole window at each step, or the new frames and states.

Both say the same, bit for bit, of the frames that decide an output (Rybakov et al., arXiv 2005.06720). A stream begins as if
silence had come before it, in the window as in the states.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import TensorSpec
from edge_asr.errors import ConfigError
from edge_asr.runtime.interpreter import Interpreter

Read: TypeAlias = Callable[[NDArray[np.int8]], NDArray[np.float32]]
"""From logits as they are stored, without the batch, to what is said of them: posteriors, or log probabilities."""


class Track(Protocol):
    """What a model keeps of one audio stream from step to step."""

    def step(self, frames: NDArray[np.int8]) -> NDArray[np.float32]:
        """Posteriors, float32 (labels,), after the next frames, int8 (step_frames, features)."""
        ...

    def reset(self) -> None:
        """Start over, after silence."""
        ...


class RunnableForm(Protocol):
    """A loaded model of either form."""

    window_frames: int
    """Frames that decide an output."""

    def classify(self, window: NDArray[np.int8]) -> NDArray[np.float32]:
        """Posteriors, float32 (labels,), of one window, int8 (window_frames, features)."""
        ...

    def track(self, step_frames: int) -> Track:
        """The model's part of a new stream with that step. Raises `ConfigError` where the form has another."""
        ...


class WindowForm:
    """A model that takes a whole window, at any step."""

    def __init__(self, interpreter: Interpreter, silence: NDArray[np.int8], read: Read) -> None:
        """`silence`: (features,), a frame of digital silence."""
        self.window_frames = interpreter.input.shape[1]
        self.silence = silence
        self._interpreter, self._read = interpreter, read

    def classify(self, window: NDArray[np.int8]) -> NDArray[np.float32]:
        """See `RunnableForm`."""
        return self._read(self._interpreter.invoke(window.reshape(self._interpreter.input.shape))[0])

    def track(self, step_frames: int) -> Track:
        """See `RunnableForm`."""
        return _WindowTrack(self)


class _WindowTrack:
    def __init__(self, form: WindowForm) -> None:
        self._form, self._frames = form, SlidingFrames(form.window_frames, form.silence)

    def step(self, frames: NDArray[np.int8]) -> NDArray[np.float32]:
        return self._form.classify(self._frames.push(frames))

    def reset(self) -> None:
        self._frames.reset()


class SlidingFrames:
    """The newest frames of a stream, which begins as if silence came before it."""

    def __init__(self, count: int, silence: NDArray[np.int8]) -> None:
        """Keep `count` frames. `silence`: (features,)."""
        self._count, self._silence = count, silence
        # They slide through a buffer of several windows, which is moved back only when it is full.
        self._buffer = np.empty((4 * count, len(silence)), np.int8)
        self._filled = 0
        self.reset()

    def push(self, frames: NDArray[np.int8]) -> NDArray[np.int8]:
        """The newest frames, int8 (count, features), after these, (n, features); a view that is good until the next call."""
        frames = frames[-self._count :]
        if self._filled + len(frames) > len(self._buffer):
            self._buffer[: self._count] = self._buffer[self._filled - self._count : self._filled]
            self._filled = self._count
        self._buffer[self._filled : self._filled + len(frames)] = frames
        self._filled += len(frames)
        return self._buffer[self._filled - self._count : self._filled]

    def reset(self) -> None:
        """Start over, after silence."""
        self._buffer[: self._count] = self._silence
        self._filled = self._count


class StreamForm:
    """A model that takes the new frames of a step, and its states."""

    def __init__(self, interpreter: Interpreter, silence: NDArray[np.int8], field_frames: int, read: Read) -> None:
        """`silence`: (features,), a frame of digital silence. `field_frames`: the newest frames that decide an output."""
        self.window_frames = field_frames
        self._interpreter, self._read, self._silence = interpreter, read, silence
        self.step_frames = interpreter.input.shape[1]
        steps = -(-field_frames // self.step_frames)
        # Zeros stand in the states until the field is full; what stood there before does not count any more then.
        self.fresh = [np.full(state.shape, state.zero_point, np.int8) for state in interpreter.inputs[1:]]
        for _ in range(steps):
            _, self.fresh = self.step(np.broadcast_to(silence, (self.step_frames, len(silence))), self.fresh)

    def step(
        self, frames: NDArray[np.int8], states: list[NDArray[np.int8]]
    ) -> tuple[NDArray[np.float32], list[NDArray[np.int8]]]:
        """What `read` makes of the output after `frames`, int8 (step_frames, features), and the states for the next step."""
        stored, following = self._interpreter.step(frames.reshape(self._interpreter.input.shape), states)
        return self._read(stored[0]), following

    def classify(self, window: NDArray[np.int8]) -> NDArray[np.float32]:
        """See `RunnableForm`. Silence in front of the window makes whole steps of it."""
        missing = -len(window) % self.step_frames
        frames = np.concatenate((np.broadcast_to(self._silence, (missing, window.shape[1])), window))
        track = self.track(self.step_frames)
        return [track.step(frames[at : at + self.step_frames]) for at in range(0, len(frames), self.step_frames)][-1]

    def track(self, step_frames: int) -> Track:
        """See `RunnableForm`."""
        if step_frames != self.step_frames:
            raise ConfigError(
                f"the stream form of this model takes {self.step_frames} frames a step, found {step_frames}: "
                "keep the bundle's detect.step_ms, or take the window form"
            )
        return _StreamTrack(self)


class _StreamTrack:
    def __init__(self, form: StreamForm) -> None:
        self._form, self._states = form, form.fresh

    def step(self, frames: NDArray[np.int8]) -> NDArray[np.float32]:
        posterior, self._states = self._form.step(frames, self._states)
        return posterior

    def reset(self) -> None:
        self._states = self._form.fresh  # no copy: states are replaced, never written to


class Softmax:
    """Stored logits to posteriors. Two int8 differ by at most 255 steps: their ratios are powers of e that are made once."""

    def __init__(self, spec: TensorSpec) -> None:
        """`spec`: of the logits."""
        self._odds: list[float] = np.exp(-spec.scale * np.arange(256)).tolist()

    def __call__(self, stored: NDArray[np.int8]) -> NDArray[np.float32]:
        """Posteriors, float32 (labels,), of stored logits, int8 (labels,)."""
        # Counted as Python counts, in float64: for so few numbers numpy's calls take three times as long.
        logits: list[int] = stored.tolist()
        highest = max(logits)
        odds = [self._odds[highest - logit] for logit in logits]
        total = math.fsum(odds)  # exact: sum() rounds in another way since Python 3.12
        return np.array([one / total for one in odds], np.float32)
