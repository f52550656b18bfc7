"""Batches of utterances of about equal length, with the silence in front that a stream begins with.

Every draw follows from (seed, epoch, batch), so that an epoch is the same whatever came before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.spec_augment import spec_augment
from edge_asr.errors import TrainingError
from edge_asr.frontend import FrontendSpec, compute
from edge_asr.training.ctc_loss import SparseLabels, frames_needed, sparse_labels
from edge_asr.training.recipe import Recipe
from edge_asr.zoo.spec import CtcNet, field_frames, stride_frames

if TYPE_CHECKING:
    from edge_asr.data.speech_table import SpeechTable

Rows: TypeAlias = NDArray[np.int64]

BUCKETS = 12
"""Lengths that rows are padded to: few, because TensorFlow prepares itself for each; together about a twentieth of padding."""


class SpeechBatch(NamedTuple):
    """What a step of training takes."""

    features: NDArray[np.float32]
    """(rows, frames, features, 1): silence of the network's field but one stride, the utterance, silence to the bucket's end."""
    frames: NDArray[np.int32]
    """(rows,): output frames of each utterance."""
    labels: SparseLabels


@dataclass(frozen=True)
class Bucket:
    """Rows that share a length."""

    rows: Rows
    frames: int
    """Front-end frames that each is padded to, a multiple of the network's stride."""
    size: int
    """Rows of a batch."""


class SpeechBatches:
    """The rows of a table in batches. `workers` share each batch between them, and `worker` (from 0) is one of them."""

    def __init__(self, table: SpeechTable, recipe: Recipe, *, worker: int = 0, workers: int = 1) -> None:
        assert isinstance(recipe.model, CtcNet)
        self.stride = stride_frames(recipe.model)
        self._lead = field_frames(recipe.model) - self.stride
        self._silence = silence_of(recipe.frontend)
        self.table, self._seed = table, recipe.train.seed
        self._worker, self._workers = worker, workers
        # A run of cepstral coefficients is no band of the spectrum: there is nothing to mask.
        self._augment = replace(recipe.augment, frequency_masks=0) if recipe.frontend.mfcc else recipe.augment
        self.rows = usable_rows(table, self.stride)
        self.left_out = len(table) - len(self.rows)
        """Rows with more tokens than their output frames can hold."""
        self._buckets = buckets(table.lengths, self.rows, recipe.train.batch_size, self.stride)
        self._sizes = [len(part) for part, _ in self._drawn(np.random.default_rng(0))]
        if min(self._sizes, default=workers) < workers:
            raise TrainingError(f"expected batches of at least {workers} rows, one a worker, found {min(self._sizes)}")

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self._sizes)

    def epoch(self, number: int) -> Iterator[tuple[SpeechBatch, int, int]]:
        """The worker's share of each batch of epoch `number` (from 0), masked by SpecAugment.

        Beside it the tokens and the front-end frames of the whole batch, all workers' shares.
        """
        for index, (rows, frames) in enumerate(self._drawn(np.random.default_rng((self._seed, number)))):
            masks = np.random.default_rng((self._seed, number, index)).spawn(len(rows))
            mine = range(self._worker, len(rows), self._workers)
            batch = self._batch([rows[i] for i in mine], frames, [masks[i] for i in mine])
            tokens = sum(len(self.table.tokens_of(row)) for row in rows)
            yield batch, max(1, tokens), int(self.table.lengths[rows].sum())

    def in_order(self) -> Iterator[tuple[Rows, SpeechBatch]]:
        """All usable rows once, as they are, by length, and their indexes."""
        for bucket in self._buckets:
            for start in range(0, len(bucket.rows), bucket.size):
                rows = bucket.rows[start : start + bucket.size]
                yield rows, self._batch(rows, bucket.frames)

    def _drawn(self, rng: np.random.Generator) -> list[tuple[Rows, int]]:
        """An epoch's batches: the rows of each and the frames that they are padded to.

        What does not fill a batch goes with the next longer ones; less than half a batch at the very end is not seen.
        """
        batches: list[tuple[Rows, int]] = []
        waiting = np.zeros(0, np.int64)
        for bucket in self._buckets:
            waiting = np.concatenate([waiting, rng.permutation(bucket.rows)])
            full = len(waiting) // bucket.size * bucket.size
            batches += [(part, bucket.frames) for part in waiting[:full].reshape(-1, bucket.size)]
            waiting = waiting[full:]
        if len(waiting) and (not batches or len(waiting) >= self._buckets[-1].size / 2):
            batches.append((waiting, self._buckets[-1].frames))
        return [batches[index] for index in rng.permutation(len(batches))]

    def _batch(self, rows: Sequence[int] | Rows, frames: int, masks: Sequence[np.random.Generator] = ()) -> SpeechBatch:
        features = np.empty((len(rows), self._lead + frames, len(self._silence)), np.float32)
        features[:] = self._silence
        for place, row in enumerate(rows):
            said = np.asarray(self.table.frames_of(int(row)), np.float32)
            if masks:
                said = spec_augment(said[None], self._augment, masks[place])[0]
            features[place, self._lead : self._lead + len(said)] = said
        outputs = self.table.lengths[np.asarray(rows)] // self.stride
        labels = sparse_labels([self.table.tokens_of(int(row)) for row in rows])
        return SpeechBatch(features[..., None], outputs.astype(np.int32), labels)


def silence_of(frontend: FrontendSpec) -> NDArray[np.float32]:
    """(features,): a frame of digital silence."""
    frame: NDArray[np.float32] = compute(np.zeros(frontend.window_samples, np.float32), frontend)[0]
    return frame


def usable_rows(table: SpeechTable, stride: int) -> Rows:
    """Rows whose tokens fit their output frames: CTC can't write more."""
    fits = [length // stride >= frames_needed(table.tokens_of(row)) for row, length in enumerate(table.lengths)]
    return np.flatnonzero(fits)


def buckets(lengths: NDArray[Any], rows: Rows, batch_size: int, stride: int) -> tuple[Bucket, ...]:
    """`rows` by length (front-end frames), parted into at most `BUCKETS` of equally many frames.

    A batch holds `batch_size` rows where they are of the mean length, more where they are shorter, fewer where longer.
    """
    if not len(rows):
        return ()
    ordered = rows[np.argsort(lengths[rows], kind="stable")]
    frames = lengths[ordered]
    edges = np.searchsorted(np.cumsum(frames), np.arange(1, BUCKETS) / BUCKETS * frames.sum())
    parts = [part for part in np.split(ordered, np.unique(edges)) if len(part)]
    made = []
    for part in parts:
        longest = -(-int(lengths[part[-1]]) // stride) * stride
        made.append(Bucket(part, longest, max(1, round(batch_size * float(frames.mean()) / longest))))
    return tuple(made)
