from __future__ import annotations

import numpy as np

from edge_asr.runtime.recent_audio import RecentAudio
from tests.runtime.tones import random_chunks

SOUND = np.random.default_rng(0).integers(-32768, 32768, 5000).astype(np.int16)


def test_the_newest_samples_are_there_in_whatever_pieces_they_came():
    for longest in (1, 50, 3000):
        recent, at = RecentAudio(1000), 0
        for chunk in random_chunks(SOUND, longest, seed=longest):
            recent.append(chunk)
            at += len(chunk)
            assert recent.end == at
            if longest == 1 and at % 500:
                continue
            begin = max(0, at - 1000)
            assert np.array_equal(recent.part(begin, at), SOUND[begin:at] / 32768)
            assert np.array_equal(recent.part(at - 300, at - 200), SOUND[max(0, at - 300) : max(0, at - 200)] / 32768)


def test_what_is_older_is_let_go():
    recent = RecentAudio(1000)
    for chunk in np.array_split(SOUND, 100):
        recent.append(chunk)
        recent.append(chunk[:0])
    assert len(recent.part(0, recent.end)) < 1000 + 50
    assert len(recent._chunks) <= 1000 / 50 + 1


def test_a_buffer_that_is_used_again_changes_nothing():
    recent, buffer = RecentAudio(10), np.arange(5, dtype=np.float32) / 8
    recent.append(buffer)
    buffer[:] = 0
    assert recent.part(1, 4).tolist() == [1 / 8, 2 / 8, 3 / 8]
