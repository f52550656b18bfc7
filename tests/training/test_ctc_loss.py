"""The CTC loss against a sum over every alignment, for rows of different lengths, empty ones among them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from edge_asr.training.ctc_loss import SparseLabels, best_path, ctc_loss, frames_needed, sparse_labels

ROWS = [[1, 2], [], [2, 2], [3], [1, 1, 2]]
FRAMES = [4, 3, 3, 1, 5]


def written(path: tuple[int, ...]) -> list[int]:
    """What a path of tokens writes, by the definition: repeats merged, then blanks taken out."""
    return [token for token, _ in itertools.groupby(path) if token]


def by_all_paths(logits: np.ndarray, tokens: list[int]) -> float:
    """-log of the summed probability of all paths that write `tokens`."""
    odds = np.exp(logits.astype(np.float64))
    posteriors = odds / odds.sum(axis=-1, keepdims=True)
    paths = itertools.product(range(logits.shape[1]), repeat=len(logits))
    total = sum(np.prod(posteriors[np.arange(len(path)), list(path)]) for path in paths if written(path) == tokens)
    return -float(np.log(total))


def tensors(labels: SparseLabels) -> SparseLabels:
    return SparseLabels(*map(tf.constant, labels))


def test_against_the_sum_over_all_alignments():
    logits = np.random.default_rng(1).normal(size=(len(ROWS), max(FRAMES), 4)).astype(np.float32)
    labels = sparse_labels([np.array(row, np.int32) for row in ROWS])
    losses = ctc_loss(tensors(labels), tf.constant(logits), tf.constant(FRAMES)).numpy()
    expected = [by_all_paths(values[:frames], row) for values, frames, row in zip(logits, FRAMES, ROWS)]
    # float32 in logarithms over at most five frames: some 1e-6 each.
    np.testing.assert_allclose(losses, expected, atol=2e-5)


def test_frames_behind_an_utterance_get_no_gradient():
    logits = tf.constant(np.random.default_rng(2).normal(size=(len(ROWS), max(FRAMES), 4)), tf.float32)
    labels = sparse_labels([np.array(row, np.int32) for row in ROWS])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = tf.reduce_sum(ctc_loss(tensors(labels), logits, tf.constant(FRAMES)))
    gradient = tape.gradient(loss, logits).numpy()
    for values, frames in zip(gradient, FRAMES):
        assert np.abs(values[:frames]).max(axis=1).min() > 1e-4
        assert not values[frames:].any()


@pytest.mark.parametrize(("tokens", "frames"), [([], 1), ([3], 1), ([1, 2], 2), ([1, 1], 3), ([1, 1, 1, 2], 6)])
def test_frames_needed_are_the_fewest_that_can_write_it(tokens, frames):
    assert frames_needed(np.array(tokens, np.int32)) == frames
    fewest = next(n for n in range(1, 9) if any(written(path) == tokens for path in itertools.product(range(4), repeat=n)))
    assert fewest == frames


def test_the_best_path_merges_then_drops_blanks():
    for path in itertools.product(range(3), repeat=5):
        assert best_path(np.eye(3)[list(path)]).tolist() == written(path)
    assert best_path(np.zeros((0, 3))).tolist() == []
