"""A source that is waited for."""

from __future__ import annotations

import pytest

from edge_asr.errors import AudioError, BundleError
from edge_asr.runtime import await_source as module
from edge_asr.runtime.await_source import await_source
from tests.runtime.list_source import ListSource


@pytest.fixture(autouse=True)
def slept(monkeypatch):
    """Seconds slept, on a clock that only sleeping moves."""
    naps = []
    monkeypatch.setattr(module, "sleep", naps.append)
    monkeypatch.setattr(module, "monotonic", lambda: sum(naps))
    return naps


def failing(times, source, error=AudioError):
    """Opens `source` after so many failures."""
    left = iter(range(times))

    def open_source():
        for number in left:
            raise error(f"failure {number}")
        return source

    return open_source


def test_a_source_that_is_there_is_not_waited_for(slept):
    source = ListSource([])
    assert await_source(failing(0, source), pytest.fail) is source
    assert slept == []


def test_it_is_tried_again_at_growing_distances_and_each_failure_is_told(slept):
    source, told = ListSource([]), []
    waited = []

    def tell(err):
        told.append(str(err))
        waited.append(sum(slept))

    assert await_source(failing(6, source), tell) is source
    assert told == [f"failure {number}" for number in range(6)]
    # RETRY_SECONDS: after 0.5, 1, 2 and then every 5 seconds
    assert waited == pytest.approx([0.0, 0.5, 1.5, 3.5, 8.5, 13.5])


def test_a_stop_is_seen_while_it_waits(slept):
    polls = iter([False, False, True])
    told = []
    assert await_source(failing(100, None), told.append, should_stop=lambda: next(polls)) is None
    assert len(slept) == 2
    assert max(slept) <= 0.2  # POLL_SECONDS
    assert len(told) == 1


def test_other_errors_are_not_waited_out():
    with pytest.raises(BundleError):
        await_source(failing(1, None, BundleError), pytest.fail)
