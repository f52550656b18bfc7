from __future__ import annotations

import numpy as np
import pytest

from edge_asr.data.speech_table import SpeechTable
from edge_asr.errors import ConversionError
from edge_asr.training.speech_forms import representative_windows
from tests.training.ctc_models import FEATURES


def table(lengths: list[int]) -> SpeechTable:
    """Each frame tells where it comes from: the row's number, and then its own."""
    rows = [np.tile([number] + [0] * (FEATURES - 1), (n, 1)) for number, n in enumerate(lengths)]
    for row in rows:
        row[:, 1] = np.arange(len(row))
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ids = tuple(f"{number}#0" for number in range(len(lengths)))
    none = np.zeros(0, np.int32), np.zeros(len(lengths) + 1, np.int64)
    features16 = np.concatenate([*rows, np.zeros((0, FEATURES))]).astype(np.float16)
    return SpeechTable(features16, starts, *none, ids, ("",) * len(ids))


SILENCE = np.full(FEATURES, -9.0, np.float32)


def test_windows_are_what_a_stream_hears_at_some_moment():
    data = table([5, 40, 300, 7, 64])
    windows = representative_windows(data, 10, 20, SILENCE, np.random.default_rng(0))
    assert (windows.shape, windows.dtype) == ((5, 20, FEATURES, 1), np.float32)
    for number, window in enumerate(windows[..., 0]):
        heard = window[window[:, 0] != -9]
        first = int(heard[0, 1])
        np.testing.assert_array_equal(heard, data.frames_of(number)[first : first + len(heard)])
        np.testing.assert_array_equal(window[: 20 - len(heard)], np.tile(SILENCE, (20 - len(heard), 1)))
        assert first == 0 or len(heard) == 20  # silence only before an utterance's first frame
        assert len(heard) >= min(10, data.lengths[number])


def test_windows_are_of_different_utterances_and_follow_from_the_generator():
    data = table([30] * 50)
    one, same, other = (representative_windows(data, 20, 20, SILENCE, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert len(set(one[:, -1, 0, 0])) == 20
    assert len(set(one[:, -1, 1, 0])) > 5  # they end anywhere


def test_no_utterances_no_windows():
    with pytest.raises(ConversionError, match="training utterances .*found none"):
        representative_windows(table([]), 5, 20, SILENCE, np.random.default_rng(0))
