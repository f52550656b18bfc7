"""What was said in a recording, through the stream that listens on a device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.runtime.events import Final, SpeechEvent
from edge_asr.runtime.sources import WavSource, at_rate
from edge_asr.runtime.speech_stream import SpeechStream


def transcribe(samples: NDArray[Any], stream: SpeechStream) -> tuple[Final, ...]:
    """The utterances in `samples`, (n,) int16 or float in [-1, 1), at the rate of `stream`, which is reset for it.

    Raises `AudioError` for other arrays.
    """
    stream.reset()
    return (*_finals(stream.accept(samples)), *_finals(stream.finish()))


def transcribe_file(path: Path, stream: SpeechStream) -> tuple[Final, ...]:
    """The utterances in a WAV file of any rate and length, in bounded memory; `stream` is reset for it.

    Raises `AudioError` when the file is none, is truncated, or must be resampled and soxr is not installed.
    """
    source = at_rate(WavSource(path), stream.sample_rate)
    stream.reset()
    said: tuple[Final, ...] = ()
    try:
        for item in source.chunks():
            if isinstance(item, np.ndarray):
                said += _finals(stream.accept(item))
    finally:
        source.close()
    return said + _finals(stream.finish())


def _finals(events: list[SpeechEvent]) -> tuple[Final, ...]:
    return tuple(event for event in events if isinstance(event, Final))
