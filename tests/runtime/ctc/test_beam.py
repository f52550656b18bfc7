"""Prefix beam search against the sum over every alignment."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge_asr.runtime.ctc.beam import Beam
from edge_asr.runtime.ctc.beam_decoder import BeamDecoder
from edge_asr.runtime.ctc.fusion import CharacterFusion, WordFusion
from edge_asr.runtime.ctc.hot_words import HotWords
from edge_asr.runtime.ctc.words import Spelling
from tests.runtime.ctc.sums import LETTERS, WORDS, alignment_sums, beam_sums, random_frames, small_lm, tokens_of

UNLIMITED = 10**9
ROUNDING = 1e-9
"""Sums of a few thousand float64 logarithms of about -10, in two orders."""
HOT = {"b": 1.5, "a b": 2.0, "ba": -1.0}


def fusion(spelling: Spelling, *, lm: bool = False, bonus: float = 0.0, hot: dict[str, float] | None = None):
    kind = WordFusion if spelling.unit == "words" else CharacterFusion
    return kind(spelling, small_lm() if lm else None, 0.7, bonus, HotWords(spelling, hot or {}))


def exact_beam(spelling: Spelling, frames: np.ndarray, **settings) -> Beam:
    beam = Beam(fusion(spelling, **settings), UNLIMITED, -math.inf)
    for time, frame in enumerate(frames.astype(np.float64)):
        beam.step(frame, time)
    return beam


@pytest.mark.parametrize("sharpness", [0.1, 0.5, 5.0])
@pytest.mark.parametrize("frames", [1, 2, 3, 6])
@pytest.mark.parametrize("spelling", [LETTERS, WORDS])
def test_an_unlimited_beam_holds_the_exact_probability_of_every_prefix(spelling: Spelling, frames: int, sharpness: float):
    log_probs = random_frames(frames, frames, 4, sharpness)
    expected = alignment_sums(log_probs)
    assert beam_sums(exact_beam(spelling, log_probs)) == pytest.approx(expected, abs=ROUNDING)


def test_tokens_that_are_impossible_are_no_part_of_it():
    log_probs = random_frames(3, 5, 4)
    log_probs[1, 2:] = log_probs[2, 0] = log_probs[4, 1] = -np.inf
    expected = {prefix: score for prefix, score in alignment_sums(log_probs).items() if score > -np.inf}
    assert beam_sums(exact_beam(LETTERS, log_probs)) == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize("settings", [{"lm": True}, {"bonus": 0.4}, {"hot": HOT}, {"lm": True, "bonus": -0.3, "hot": HOT}])
@pytest.mark.parametrize("seed", range(3))
def test_fusion_leaves_the_sums_exact(settings: dict, seed: int):
    log_probs = random_frames(seed, 5, 4)
    assert beam_sums(exact_beam(LETTERS, log_probs, **settings)) == pytest.approx(alignment_sums(log_probs), abs=ROUNDING)


@pytest.mark.parametrize("seed", range(5))
def test_the_winner_has_the_highest_sum_plus_fusion(seed: int):
    log_probs = random_frames(seed, 6, 4, 2.0)
    added = fusion(LETTERS, lm=True, bonus=0.5, hot=HOT)
    decoder = BeamDecoder(LETTERS, added, UNLIMITED, floor=-math.inf)
    decoder.advance(log_probs)

    def total(prefix: tuple[int, ...]) -> float:
        state, score = added.start, 0.0
        for token in prefix:
            score += float(added.gains(state)[token])
            state = added.step(state, token)
        return score + added.ending(state)

    expected = {prefix: score + total(prefix) for prefix, score in alignment_sums(log_probs).items()}
    winner = max(expected, key=lambda prefix: expected[prefix])
    found = decoder.finish()
    assert found.score == pytest.approx(expected[winner], abs=ROUNDING)
    assert found.text == " ".join("".join(LETTERS.tokens[token] for token in winner).split())


def test_a_prefix_that_left_the_beam_comes_back_as_itself():
    """ "a" is dropped while "ab" stays, thanks to its boost; when "a" grows again it must flow into that same "ab"."""
    beam = Beam(fusion(LETTERS, hot={"ab": 3.0}), 2, -math.inf)
    frames = [(0.85, 0, 0.15, 0), (0.55, 0, 0, 0.45), (0.2, 0, 0.8, 0), (0.1, 0, 0, 0.9)]
    held = []
    for time, frame in enumerate(frames):
        beam.step(np.log(np.maximum(frame, 1e-300)), time)
        held.append({tokens_of(prefix) for prefix in beam.prefixes})
    assert held == [{(), (2,)}, {(), (2, 3)}, {(2,), (2, 3)}, {(2,), (2, 3)}]
    assert math.exp(beam_sums(beam)[2, 3]) == pytest.approx(0.15 * 0.45 * 0.2 * 0.1 + 0.85 * 0.55 * 0.8 * 0.9, abs=ROUNDING)


@pytest.mark.parametrize("seed", range(4))
def test_what_the_floor_loses_is_at_most_what_it_promises(seed: int):
    floor = math.log(0.05)
    log_probs = random_frames(seed, 7, 4, 0.4).astype(np.float64)
    beam = Beam(fusion(LETTERS), UNLIMITED, floor)
    for time, frame in enumerate(log_probs):
        beam.step(frame, time)
    kept = float(np.exp(beam.log_probs).sum())
    lost = float(np.exp(log_probs[:, 1:])[log_probs[:, 1:] < floor].sum())
    assert 1 - lost - ROUNDING <= kept / math.exp(np.logaddexp.reduce(log_probs, axis=1).sum()) <= 1 + ROUNDING
    assert kept < 1 - ROUNDING  # something was lost


def test_a_frame_without_a_likely_token_still_finds_its_likeliest():
    """More tokens than 1 / floor, all alike: the floor must not leave a frame without any."""
    spelling = Spelling(("_blank_", *(f"w{i}" for i in range(50))), "words", 0.04)
    beam = Beam(fusion(spelling), 4, math.log(0.5))
    frame = np.full(51, math.log(0.01))
    frame[0], frame[7] = -np.inf, math.log(0.5 - 1e-9)
    beam.step(frame, 0)
    assert beam_sums(beam) == pytest.approx({(7,): math.log(0.5)}, abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_a_narrow_beam_is_no_worse_than_the_best_path_where_the_network_is_sure(seed: int):
    log_probs = random_frames(seed, 40, 4, 0.03)
    decoder = BeamDecoder(LETTERS, fusion(LETTERS), 4)
    decoder.advance(log_probs)
    assert decoder.finish().score >= float(log_probs.max(axis=1).sum()) - ROUNDING
