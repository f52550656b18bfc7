from __future__ import annotations

from edge_asr.runtime.capture_queue import CaptureQueue


def test_chunks_come_out_in_their_order():
    queue = CaptureQueue(3)
    for chunk in (b"ab", b"cd", b"ef"):
        queue.put(chunk)
    assert queue.take(0) == (b"abcdef", 0)
    assert queue.take(0) == (b"", 0)


def test_when_it_is_full_the_oldest_goes_and_is_counted():
    queue = CaptureQueue(2)
    for chunk in (b"1", b"22", b"333", b"4444"):
        queue.put(chunk)
    assert queue.take(0) == (b"3334444", 3)
    queue.put(b"5")
    assert queue.take(0) == (b"5", 0)


def test_what_the_driver_lost_is_counted_too():
    queue = CaptureQueue(1)
    queue.put(b"12", lost=10)
    queue.put(b"34", lost=5)
    assert queue.take(0) == (b"34", 17)
