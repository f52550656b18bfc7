"""The loop of guided recording: a microphone's audio into a recorder, takes into a sink."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from edge_asr.runtime.events import Overrun, SourceLost
from edge_asr.runtime.sources import AudioSource, Incident
from edge_asr.runtime.take_check import Take
from edge_asr.runtime.take_recorder import Step, TakeRecorder

RecordEvent: TypeAlias = Step | Incident


def record(
    source: AudioSource,
    count: int,
    sink: Callable[[RecordEvent], None],
    *,
    should_stop: Callable[[], bool] = lambda: False,
    on_chunk: Callable[[float], None] = lambda level: None,
) -> int:
    """Take `count` takes from `source`, or fewer when it ends or `should_stop()`. Returns how many there were.

    `sink` gets every step and incident in order; a `Take` is good and the caller's to keep before the next one is asked for.
    `on_chunk` is called with the level in dBFS after each chunk, several times a second. Raises `AudioError` as `source` does.
    """
    recorder, taken = TakeRecorder(source.sample_rate), 0
    for item in source.chunks():
        if isinstance(item, np.ndarray):
            steps = recorder.accept(item)
        else:
            sink(item)
            steps = recorder.interrupt() if isinstance(item, Overrun | SourceLost) else iter(())
        for step in steps:
            sink(step)
            taken += isinstance(step, Take)
            if taken == count:
                return taken
        on_chunk(recorder.level)
        if should_stop():
            break
    return taken
