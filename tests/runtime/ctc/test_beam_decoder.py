"""Beam search over a stream: any chunks, long streams, word times, confidences."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc import beam_decoder
from edge_asr.runtime.ctc.beam_decoder import BeamDecoder
from edge_asr.runtime.ctc.fusion import CharacterFusion, WordFusion
from edge_asr.runtime.ctc.hot_words import HotWords
from edge_asr.runtime.ctc.words import Spelling
from tests.runtime.ctc.sums import LETTERS, WORDS, random_frames, small_lm


def decoder(spelling: Spelling = LETTERS, *, width: int = 8, lm: bool = False, min_confidence: float = 0.0) -> BeamDecoder:
    kind = WordFusion if spelling.unit == "words" else CharacterFusion
    hot = HotWords(spelling, {} if spelling.unit == "words" else {"a b": 1.0})
    fusion = kind(spelling, small_lm() if lm else None, 0.5, 0.1, hot)
    return BeamDecoder(spelling, fusion, width, min_confidence=min_confidence)


def spoken(tokens: list[int], sure: float = 0.97) -> np.ndarray:
    """A frame for each of `tokens`, which has the probability `sure`."""
    rest = (1 - sure) / 3
    return np.log(np.where(np.eye(4)[tokens] > 0, sure, rest)).astype(np.float32)


@pytest.mark.parametrize("lm", [False, True])
@pytest.mark.parametrize("spelling", [LETTERS, WORDS])
@pytest.mark.parametrize("chunk", [1, 3, 31, 32, 33, 64, 1000])
def test_chunks_change_nothing(spelling: Spelling, lm: bool, chunk: int):
    log_probs = random_frames(7, 150, 4, 0.05)
    whole, parts = decoder(spelling, lm=lm), decoder(spelling, lm=lm)
    whole.advance(log_probs)
    for start in range(0, len(log_probs), chunk):
        parts.advance(log_probs[start : start + chunk])
        parts.advance(log_probs[:0])
        parts.best()
    assert parts.finish() == whole.finish()
    assert parts.best() == whole.best()
    assert len(whole.finish().words) > 10


def test_settling_words_changes_nothing_but_memory(monkeypatch: pytest.MonkeyPatch):
    log_probs = random_frames(8, 300, 4, 0.03)
    settled = decoder(width=4, lm=True)
    settled.advance(log_probs)
    monkeypatch.setattr(beam_decoder, "COMMIT_FRAMES", 10**9)
    held = decoder(width=4, lm=True)
    held.advance(log_probs)
    assert settled.finish().text == held.finish().text
    assert settled.finish().score == held.finish().score


@pytest.mark.parametrize(
    ("spelling", "cycle", "said"),
    [
        (WORDS, [1, 0, 2, 0, 3, 0], "one two three"),
        (LETTERS, [2, 3, 2, 1, 3, 2, 1], "aba ba"),
        (LETTERS, [2, 3], "ab"),  # one word of thousands of letters, which is given out in pieces
    ],
)
def test_a_long_stream_holds_few_prefixes_and_loses_no_word(spelling: Spelling, cycle: list[int], said: str):
    decode = decoder(spelling, lm=True)
    rounds = 4000 // len(cycle)
    for _ in range(rounds):
        decode.advance(spoken(cycle, 0.9999))
        # a beam of 8, each with MOST_OPEN tokens of its own at most, and those of the frames since words were settled
        assert len(decode._beam._tree._grown) < 8 * (beam_decoder.MOST_OPEN + beam_decoder.COMMIT_FRAMES)
    assert decode.finish().text.replace(" ", "") == said.replace(" ", "") * rounds
    assert len(decode.finish().words) == rounds * len(said.split()) or len(cycle) == 2


def test_prefixes_that_never_agree_are_given_up(monkeypatch: pytest.MonkeyPatch):
    """Two first words that are equally likely, then words that all hypotheses share: nothing would ever be settled."""
    monkeypatch.setattr(beam_decoder, "MOST_OPEN", 20)
    decode = decoder(WORDS, width=2)
    decode.advance(np.log(np.array([[0.02, 0.49, 0.48, 0.01]], np.float32)))
    sure = np.full((1, 4), -60.0, np.float32)
    for token in [0, 3] * 60:
        frame = sure.copy()
        frame[0, token] = 0.0
        decode.advance(frame)
        open_tokens = max(prefix.depth for prefix in decode._beam.prefixes) - len(decode._settled)
        assert open_tokens <= 20 + beam_decoder.COMMIT_FRAMES
    assert decode.finish().text == " ".join(["one"] + ["three"] * 60)


def test_reset_starts_over():
    decode = decoder(lm=True)
    log_probs = random_frames(9, 80, 4, 0.1)
    decode.advance(log_probs)
    first = decode.finish()
    decode.reset()
    assert decode.best().text == ""
    decode.advance(log_probs)
    assert decode.finish() == first


def test_no_frames():
    found = decoder().finish()
    assert (found.text, found.words, found.score, found.confidence, found.rejected) == ("", (), 0.0, 0.0, "")


def test_times_and_confidences_of_letters():
    """ "ab b" of 40 ms frames; the second b is said for two frames, a pause stands before it."""
    decode = decoder(width=16)
    decode.advance(np.concatenate([spoken([0, 2, 0, 3, 1, 0, 0]), spoken([3, 3], 0.7), spoken([0])]))
    ab, b = decode.finish().words
    assert (ab.text, ab.start, ab.end) == ("ab", pytest.approx(0.04), pytest.approx(0.16))
    assert (b.text, b.start, b.end) == ("b", pytest.approx(0.28), pytest.approx(0.36))
    assert ab.confidence == pytest.approx(0.97)
    assert b.confidence == pytest.approx(0.7)
    assert decode.finish().confidence == pytest.approx(math.sqrt(0.97 * 0.7))


def test_a_word_begins_where_most_of_it_came_from():
    """ "one" rises slowly: 5 % in the first frame is not where it begins."""
    decode = decoder(WORDS)
    decode.advance(
        np.log(np.array([[0.93, 0.05, 0.01, 0.01], [0.08, 0.9, 0.01, 0.01], [0.3, 0.68, 0.01, 0.01], [0.97, 0.01, 0.01, 0.01]]))
    )
    (word,) = decode.finish().words
    assert (word.start, word.end) == (pytest.approx(0.08), pytest.approx(0.24))
    assert word.confidence == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("frames", "spans"),
    [
        # A frame that says the next word rather than this one is no part of it, though it says this one rather than nothing.
        ([(0.05, 0.9, 0.05, 0), (0.05, 0.35, 0.6, 0)], [("one", 0, 1, 0.9), ("two", 1, 2, 0.6)]),
        # An echo is no beginning: less of "one" comes from it than from the first frame.
        ([(0.1, 0.9, 0, 0), (1, 0, 0, 0), (0.55, 0.45, 0, 0)], [("one", 0, 1, 0.9)]),
        # Nor is its probability that of the word, where it is higher.
        (
            [(0, 0.9, 0.1, 0), (0, 0.8, 0.2, 0), (0.8, 0.1, 0.1, 0), (0.4, 0.5, 0.1, 0), (0.7, 0, 0.3, 0)],
            [("one", 0, 1, 0.9), ("two", 1, 2, 0.2)],
        ),
        # A word may gather itself.
        ([(1, 0, 0, 0), (0.7, 0.3, 0, 0), (0.6, 0.4, 0, 0), (1, 0, 0, 0)], [("one", 1, 3, 0.4)]),
    ],
)
def test_spans(frames: list[tuple[float, ...]], spans: list[tuple[str, int, int, float]]):
    decode = decoder(WORDS)
    decode.advance(np.log(np.maximum(frames, 1e-30)))
    words = decode.finish().words
    found = [(word.text, round(word.start / 0.08), round(word.end / 0.08), round(word.confidence, 6)) for word in words]
    assert found == spans


def test_repeated_words_need_a_blank_between():
    decode = decoder(WORDS)
    decode.advance(spoken([1, 1, 0, 1]))
    assert [(word.text, round(word.start / 0.08)) for word in decode.finish().words] == [("one", 0), ("one", 3)]


def test_what_is_not_sure_is_rejected_with_its_confidence():
    decode = decoder(WORDS, min_confidence=0.8)
    decode.advance(spoken([0, 1, 0], 0.75))
    assert decode.finish().rejected == "confidence 0.75 is below 0.8"
    decode.reset()
    decode.advance(spoken([0, 1, 0], 0.85))
    assert decode.finish().rejected == ""


@pytest.mark.parametrize(
    ("frames", "says"),
    [
        (np.zeros((2, 5), np.float32), r"shape \(frames, 4\), found \(2, 5\)"),
        (np.zeros(4, np.float32), r"found \(4,\)"),
        (np.full((1, 4), np.nan, np.float32), "none is NaN"),
        (np.full((2, 4), -np.inf, np.float32), "one a frame is finite"),
        (np.array([[0, np.inf, 0, 0]], np.float32), "finite"),
    ],
)
def test_frames_that_make_no_sense(frames: np.ndarray, says: str):
    with pytest.raises(ConfigError, match=says):
        decoder().advance(frames)
