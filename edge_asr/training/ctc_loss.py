"""Connectionist temporal classification (Graves et al., ICML 2006): the loss, what it can be asked of, and the best path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Ids: TypeAlias = NDArray[np.int32]

BLANK_ID = 0
_STAND_IN = 1
"""Any token but the blank."""


class SparseLabels(NamedTuple):
    """Token sequences of different lengths: the parts of a `tf.SparseTensor` (rows, most tokens of a row).

    TensorFlow's loss refuses a row without tokens, so such a row has a token that stands in.
    """

    indices: NDArray[np.int64]
    """(tokens of all rows, 2): row and place."""
    values: Ids
    """(tokens of all rows,): from 1."""
    shape: NDArray[np.int64]
    """(2,)."""
    empty: NDArray[np.bool_]
    """(rows,): whether the row has no token in truth."""


def sparse_labels(rows: Sequence[Ids]) -> SparseLabels:
    """`rows`, at least one, each (tokens,) from 1; some may be empty."""
    empty = np.array([len(row) == 0 for row in rows])
    filled = [np.asarray(row if len(row) else [_STAND_IN], np.int32) for row in rows]
    lengths = [len(row) for row in filled]
    indices = np.stack([np.repeat(np.arange(len(rows)), lengths), np.concatenate([np.arange(n) for n in lengths])], axis=-1)
    return SparseLabels(indices, np.concatenate(filled), np.array([len(rows), max(lengths)], np.int64), empty)


def ctc_loss(labels: SparseLabels, logits: Any, frames: Any) -> Any:
    """Negative log probability (nats) of each row's tokens, float32 (rows,), blank being token 0.

    `labels` may hold tensors. `logits` (rows, output frames, tokens) float32, of which the first `frames` int32 (rows,) of
    each row count, at least as many as `frames_needed`. Sparse labels, because dense ones take another way through TensorFlow
    that costs ten times as much.
    """
    sparse = tf.SparseTensor(labels.indices, labels.values, labels.shape)
    losses = tf.nn.ctc_loss(sparse, logits, None, frames, logits_time_major=False, blank_index=BLANK_ID)
    blanks = tf.nn.log_softmax(logits)[:, :, BLANK_ID] * tf.sequence_mask(frames, tf.shape(logits)[1], logits.dtype)
    return tf.where(labels.empty, -tf.reduce_sum(blanks, axis=1), losses)


def frames_needed(tokens: Ids) -> int:
    """Output frames that `tokens` (tokens,) need: one each, a blank between two equal ones, and at least one."""
    return max(1, len(tokens) + int(np.count_nonzero(tokens[1:] == tokens[:-1])))


def best_path(logits: NDArray[np.floating[Any]]) -> Ids:
    """The tokens of the likeliest path through `logits` (output frames, tokens): repeats merged, then blanks taken out."""
    path = logits.argmax(axis=-1).astype(np.int32)
    kept = path != BLANK_ID
    kept[1:] &= path[1:] != path[:-1]
    result: Ids = path[kept]
    return result
