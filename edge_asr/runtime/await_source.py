"""Waiting for a source that is not there yet."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from time import monotonic, sleep

from edge_asr.errors import AudioError
from edge_asr.runtime.microphone import RETRY_SECONDS
from edge_asr.runtime.sources import POLL_SECONDS, AudioSource


def await_source(
    open_source: Callable[[], AudioSource],
    on_failure: Callable[[AudioError], None],
    *,
    should_stop: Callable[[], bool] = lambda: False,
) -> AudioSource | None:
    """What `open_source` returns, as soon as it raises no `AudioError`; `on_failure` is told of each. None: `should_stop()`."""
    waits = itertools.chain(RETRY_SECONDS, itertools.repeat(RETRY_SECONDS[-1]))
    while True:
        try:
            return open_source()
        except AudioError as err:
            on_failure(err)
        until = monotonic() + next(waits)
        while (left := until - monotonic()) > 0:
            if should_stop():
                return None
            sleep(min(left, POLL_SECONDS))
