"""Best path decoding."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc.greedy import GreedyDecoder
from tests.runtime.ctc.sums import LETTERS, WORDS, random_frames


def frames(path: list[int], sure: float = 0.9) -> np.ndarray:
    return np.log(np.where(np.eye(4)[path] > 0, sure, (1 - sure) / 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ([], ""),
        ([0, 0], ""),
        ([2, 2, 2], "a"),
        ([2, 0, 2], "aa"),
        ([0, 2, 2, 3, 1, 1, 2, 0, 0], "ab a"),
        ([1, 2, 1, 0, 1, 3, 1], "a b"),
    ],
)
def test_letters(path: list[int], text: str):
    decode = GreedyDecoder(LETTERS)
    decode.advance(frames(path).reshape(-1, 4))
    assert decode.best().text == decode.finish().text == text


def test_times_and_confidences():
    decode = GreedyDecoder(WORDS)
    decode.advance(np.concatenate([frames([0, 1]), frames([1], 0.6), frames([0, 1, 2])]))
    found = decode.finish()
    spans = [(word.text, round(word.start / 0.08), round(word.end / 0.08)) for word in found.words]
    assert spans == [("one", 1, 3), ("one", 4, 5), ("two", 5, 6)]
    assert [word.confidence for word in found.words] == pytest.approx([0.9] * 3)
    assert found.score == pytest.approx(5 * np.log(0.9) + np.log(0.6), abs=1e-5)  # float32 logarithms


@pytest.mark.parametrize("chunk", [1, 2, 7, 100])
def test_chunks_change_nothing(chunk: int):
    log_probs = random_frames(4, 60, 4)
    whole, parts = GreedyDecoder(LETTERS), GreedyDecoder(LETTERS)
    whole.advance(log_probs)
    for start in range(0, 60, chunk):
        parts.advance(log_probs[start : start + chunk])
    assert parts.finish() == whole.finish()
    assert whole.finish().words
    parts.reset()
    assert parts.finish() == GreedyDecoder(LETTERS).finish()


def test_rejects_what_is_not_sure_and_frames_that_do_not_fit():
    decode = GreedyDecoder(WORDS, min_confidence=0.95)
    decode.advance(frames([1]))
    assert decode.finish().rejected == "confidence 0.90 is below 0.95"
    with pytest.raises(ConfigError, match="shape"):
        decode.advance(np.zeros((1, 3), np.float32))
