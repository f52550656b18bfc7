from __future__ import annotations

import math

import numpy as np
import pytest

from edge_asr.bundle.manifest import TensorSpec
from edge_asr.bundle.speech import MOST_TOKENS
from edge_asr.runtime.log_softmax import ONE, LogSoftmax


def logits(rows: int, tokens: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-128, 128, (rows, tokens)).astype(np.int8)


@pytest.mark.parametrize("scale", [1e-3, 0.05, 0.25, 3.0])
@pytest.mark.parametrize("tokens", [2, 30, MOST_TOKENS])
def test_it_is_the_log_softmax_to_the_last_bit(scale: float, tokens: int):
    stored = logits(40, tokens, seed=tokens)
    values = scale * (stored.astype(float) - 7)
    highest = values.max(axis=1)
    totals = [math.fsum(map(math.exp, row)) for row in (values - highest[:, None]).tolist()]
    wanted = (values - highest[:, None] - np.log(totals)[:, None]).astype(np.float32)
    found = LogSoftmax(TensorSpec((1, 40, tokens), scale=scale, zero_point=7))(stored)
    assert found.dtype == np.float32
    # Both count in float64 but in another order, and are rounded to float32: at most one of its steps apart.
    np.testing.assert_array_max_ulp(found, wanted, maxulp=1)


def test_a_row_does_not_depend_on_the_rows_beside_it():
    log_softmax, stored = LogSoftmax(TensorSpec((1, 64, 29), scale=0.11)), logits(64, 29)
    together = log_softmax(stored)
    for count in (1, 2, 7):
        apart = np.concatenate([log_softmax(stored[at : at + count]) for at in range(0, 64, count)])
        assert np.array_equal(together, apart)
    assert np.array_equal(log_softmax(stored[:, ::-1])[:, ::-1], together)  # nor on the order in which a sum is made


def test_certainty_and_the_widest_spread():
    stored = np.array([[127, -128], [-128, 127], [5, 5]], np.int8)
    found = LogSoftmax(TensorSpec((1, 3, 2), scale=10.0))(stored)
    assert found.tolist() == [[0.0, -2550.0], [-2550.0, 0.0], [np.float32(-math.log(2))] * 2]
    assert np.all(np.isfinite(found))


def test_no_sum_of_as_many_tokens_as_a_bundle_may_have_overflows():
    assert MOST_TOKENS * ONE < 2**63
    found = LogSoftmax(TensorSpec((1, 1, MOST_TOKENS), scale=0.1))(np.zeros((1, MOST_TOKENS), np.int8))
    np.testing.assert_allclose(found, -math.log(MOST_TOKENS), rtol=1e-7)  # half a step of float32
