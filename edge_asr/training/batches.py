"""Batches of one epoch: which clips (balanced by class or each once), which variant of each, masked by SpecAugment.

Every draw follows from (seed, epoch, batch), so that an epoch is the same whatever came before it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np
import numpy.typing as npt

from edge_asr.bundle.manifest import SILENCE, UNKNOWN
from edge_asr.data.spec_augment import spec_augment
from edge_asr.training.loss import soft_labels, softmax
from edge_asr.training.recipe import Recipe
from edge_asr.training.spec import TrainSpec

if TYPE_CHECKING:
    from edge_asr.data.tables import FeatureTable

Array: TypeAlias = npt.NDArray[Any]


def draw_clips(labels: Array, label_names: tuple[str, ...], spec: TrainSpec, rng: np.random.Generator) -> Array:
    """Indexes of an epoch's clips, shuffled.

    Without `spec.balance` every clip once. With it `per_keyword`, `per_unknown` and `per_silence` of each class: every clip
    of the class as often as that many draws allow, the rest of the draws without replacement. A class without clips gets none.
    """
    if not spec.balance:
        return rng.permutation(len(labels))
    wanted = {SILENCE: spec.per_silence, UNKNOWN: spec.per_unknown}
    drawn = []
    for label, name in enumerate(label_names):
        clips = np.flatnonzero(labels == label)
        if len(clips):
            rounds, rest = divmod(wanted.get(name, spec.per_keyword), len(clips))
            drawn += [np.tile(clips, rounds), rng.choice(clips, rest, replace=False)]
    return rng.permutation(np.concatenate(drawn))


def steps_per_epoch(table: FeatureTable, spec: TrainSpec) -> int:
    """Batches of an epoch. What is left over at its end, less than a batch, is not seen in that epoch."""
    clips = draw_clips(table.labels, table.label_names, spec, np.random.default_rng(0))
    return max(1, len(clips) // spec.batch_size)


class EpochBatches(keras.utils.PyDataset):  # type: ignore[misc,unused-ignore]
    """The batches of epoch `epoch` (from 0): features float32 (batch, frames, features, 1) and targets (see `loss`).

    `teacher_logits` (clips, variants, classes) adds the teachers' posteriors to the targets, `foretold` (clips, variants,
    values) these values.
    """

    def __init__(
        self,
        table: FeatureTable,
        recipe: Recipe,
        epoch: int,
        teacher_logits: Array | None = None,
        foretold: Array | None = None,
    ) -> None:
        super().__init__()
        spec = recipe.train
        rng = np.random.default_rng((spec.seed, epoch))
        self._table, self._spec, self._epoch = table, spec, epoch
        self._teacher_logits, self._foretold = teacher_logits, foretold
        self._clips = draw_clips(table.labels, table.label_names, spec, rng)
        self._variants = rng.integers(table.features.shape[1], size=len(self._clips))
        # A run of cepstral coefficients is no band of the spectrum: there is nothing to mask.
        self._augment = replace(recipe.augment, frequency_masks=0) if recipe.frontend.mfcc else recipe.augment

    @property
    def num_batches(self) -> int:
        """Batches of the epoch."""
        return max(1, len(self._clips) // self._spec.batch_size)

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        """Batch `index`: the same whenever it is asked for, from any thread."""
        part = slice(index * self._spec.batch_size, (index + 1) * self._spec.batch_size)
        clips, variants = self._clips[part], self._variants[part]
        rng = np.random.default_rng((self._spec.seed, self._epoch, index))
        features = np.asarray(self._table.features[clips, variants], dtype=np.float32)
        features = spec_augment(features, self._augment, rng)[..., None]
        targets = soft_labels(self._table.labels[clips], len(self._table.label_names), self._spec.label_smoothing)
        if self._teacher_logits is not None:
            teachers = softmax(self._teacher_logits[clips, variants], self._spec.distill_temperature)
            targets = np.concatenate([targets, teachers], axis=-1)
        if self._foretold is not None:
            targets = np.concatenate([targets, self._foretold[clips, variants].astype(np.float32)], axis=-1)
        return features, targets
