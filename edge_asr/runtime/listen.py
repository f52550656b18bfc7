"""The loop of a listening device: a source's audio into a stream, what it hears into a sink."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import AudioError
from edge_asr.runtime.events import Event, Started
from edge_asr.runtime.sources import AudioSource


class EventStream(Protocol):
    """What hears: a `Stream`, a `SpeechStream` or a `CommandStream`."""

    @property
    def samples(self) -> int:
        """Samples accepted."""
        ...

    def accept(self, samples: NDArray[Any]) -> Sequence[Event]:
        """Take the next samples, and tell what they bring."""
        ...

    def finish(self) -> Sequence[Event]:
        """End the stream, and tell what that brings."""
        ...


HeardBy = TypeVar("HeardBy", bound=EventStream)


def listen(
    source: AudioSource,
    stream: HeardBy,
    sink: Callable[[Event], None],
    *,
    sample_rate: int,
    should_stop: Callable[[], bool] = lambda: False,
    on_chunk: Callable[[HeardBy], None] = lambda stream: None,
) -> None:
    """Feed `source`, which must give `sample_rate` (the stream's), to `stream` until it ends or `should_stop()`; then finish.

    `sink` gets every event in order: `Started`, what is heard, and incidents of the source with their time in the stream
    (the seconds of audio heard: what was lost is not counted). `should_stop` and `on_chunk` are called after each chunk,
    and several times a second while no audio comes. When the source ends in an `AudioError`, the stream is finished first.
    """
    sink(Started(0.0, source.name))
    failure: AudioError | None = None
    try:
        for item in source.chunks():
            if isinstance(item, np.ndarray):
                for event in stream.accept(item):
                    sink(event)
                on_chunk(stream)
            else:
                sink(replace(item, time=stream.samples / sample_rate))
            if should_stop():
                break
    except AudioError as err:
        failure = err
    for event in stream.finish():
        sink(event)
    if failure:
        raise failure
