"""The two forms of a CTC model in a stream, behind one face: every output frame is computed from the frames of its field.

Both say the same, bit for bit. A stream begins as if silence had come before it.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_asr.runtime.forms import Read, SlidingFrames, StreamForm
from edge_asr.runtime.interpreter import Interpreter


class OutputTrack(Protocol):
    """What a model keeps of one audio stream."""

    def run(self, frames: NDArray[np.int8]) -> NDArray[np.float32]:
        """Log probabilities, float32 (outputs, tokens), of the next whole steps of frames, int8 (n, features), n at least 1."""
        ...

    def reset(self) -> None:
        """Start over, after silence."""
        ...


class StreamOutputs:
    """The stream form: a run a step."""

    def __init__(self, form: StreamForm) -> None:
        """Open a stream."""
        self._track, self._step = form.track(form.step_frames), form.step_frames

    def run(self, frames: NDArray[np.int8]) -> NDArray[np.float32]:
        """See `OutputTrack`."""
        steps = [self._track.step(frames[at : at + self._step]) for at in range(0, len(frames), self._step)]
        return steps[0] if len(steps) == 1 else np.concatenate(steps)

    def reset(self) -> None:
        """See `OutputTrack`."""
        self._track.reset()


class WindowOutputs:
    """The window form: as many new outputs a run as it has, or as few as there are, which are then its newest."""

    def __init__(self, interpreter: Interpreter, silence: NDArray[np.int8], stride: int, read: Read) -> None:
        """`silence`: (features,), a frame of digital silence. `stride`: frames from one output frame to the next."""
        self._interpreter, self._stride, self._read = interpreter, stride, read
        self._frames = SlidingFrames(interpreter.input.shape[1], silence)
        self._most = interpreter.output.shape[1] * stride

    def run(self, frames: NDArray[np.int8]) -> NDArray[np.float32]:
        """See `OutputTrack`."""
        return np.concatenate([self._newest(frames[at : at + self._most]) for at in range(0, len(frames), self._most)])

    def reset(self) -> None:
        """See `OutputTrack`."""
        self._frames.reset()

    def _newest(self, frames: NDArray[np.int8]) -> NDArray[np.float32]:
        window = self._frames.push(frames).reshape(self._interpreter.input.shape)
        return self._read(self._interpreter.invoke(window)[0][-(len(frames) // self._stride) :])
