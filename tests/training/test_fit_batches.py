from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from edge_asr.data.spec import AugmentSpec
from edge_asr.data.spec_augment import spec_augment
from edge_asr.data.tables import FeatureTable
from edge_asr.training.batches import EpochBatches, draw_clips, steps_per_epoch
from edge_asr.training.spec import TrainSpec
from tests.training.toy import LABELS, toy_recipe

COUNTS = {"yes": 7, "no": 30, "_unknown_": 100, "_silence_": 5}
CLIP_LABELS = np.repeat(np.arange(4), list(COUNTS.values()))


def numbered_table(clips: int, variants: int) -> FeatureTable:
    """Every value of clip c in variant v is 10 c + v."""
    number = 10 * np.arange(clips)[:, None] + np.arange(variants)
    features = np.broadcast_to(number[:, :, None, None], (clips, variants, 11, 40)).astype(np.float16)
    return FeatureTable(features, (np.arange(clips) % 4).astype(np.int32), tuple(map(str, range(clips))), LABELS)


def test_balanced_draws_have_the_counts_that_were_asked_for() -> None:
    spec = TrainSpec(per_keyword=20, per_unknown=60, per_silence=13)
    drawn = draw_clips(CLIP_LABELS, LABELS, spec, np.random.default_rng(0))
    assert_array_equal(np.bincount(CLIP_LABELS[drawn]), [20, 20, 60, 13])
    times = np.bincount(drawn, minlength=len(CLIP_LABELS))
    for label, wanted in enumerate([20, 20, 60, 13]):  # nobody twice before all were drawn once
        of_class = times[label == CLIP_LABELS]
        assert of_class.max() - of_class.min() <= 1
        assert of_class.sum() == wanted
    assert len(set(CLIP_LABELS[drawn][:10])) > 1  # shuffled


def test_unbalanced_draws_take_every_clip_once() -> None:
    drawn = draw_clips(CLIP_LABELS, LABELS, TrainSpec(balance=False), np.random.default_rng(0))
    assert_array_equal(np.sort(drawn), np.arange(len(CLIP_LABELS)))
    assert not np.array_equal(drawn, np.sort(drawn))


def test_a_class_without_clips_is_left_out() -> None:
    drawn = draw_clips(np.array([0, 0, 2]), LABELS, TrainSpec(per_keyword=4, per_unknown=3), np.random.default_rng(0))
    assert len(drawn) == 7


def test_batches_hold_drawn_clips_in_drawn_variants_with_their_labels() -> None:
    recipe, table = toy_recipe(label_smoothing=0.2, batch_size=16), numbered_table(40, 3)
    batches = EpochBatches(table, recipe, epoch=0)
    assert batches.num_batches == steps_per_epoch(table, recipe.train) == 200 // 16
    seen = set()
    for index in range(batches.num_batches):
        features, targets = batches[index]
        assert (features.shape, features.dtype, targets.dtype) == ((16, 11, 40, 1), np.float32, np.float32)
        numbers = features[:, 0, 0, 0].round().astype(int)  # masks hold the clip's mean, which is the same
        assert_array_equal(targets.argmax(axis=1), (numbers // 10) % 4)
        assert_allclose(np.sort(targets, axis=1), [[0.05, 0.05, 0.05, 0.85]] * 16, rtol=1e-6)  # float32
        seen |= set(numbers)
    assert len(seen) > 80  # of 120 clips and variants, drawn 192 times; 96 are to be expected


def test_an_epoch_follows_from_seed_and_number_alone() -> None:
    table = numbered_table(40, 3)
    first = EpochBatches(table, toy_recipe(), epoch=1)
    later = [first[index][0] for index in (5, 0, 5)]
    assert_array_equal(later[0], later[2])
    assert_array_equal(EpochBatches(table, toy_recipe(), epoch=1)[0][0], later[1])
    assert not np.array_equal(EpochBatches(table, toy_recipe(), epoch=2)[0][0], later[1])
    assert not np.array_equal(EpochBatches(table, toy_recipe(seed=2), epoch=1)[0][0], later[1])


def test_teachers_speak_about_the_same_clip_and_variant() -> None:
    recipe, table = toy_recipe(distill_temperature=4.0), numbered_table(40, 3)
    said = np.zeros((40, 3, 4), np.float16)
    said[..., 3] = np.log(np.arange(120).reshape(40, 3) + 1)
    features, targets = EpochBatches(table, recipe, 0, said)[0]
    numbers = features[:, 0, 0, 0].round().astype(int)
    odds = (3 * (numbers // 10) + numbers % 10 + 1) ** 0.25  # softened by the temperature
    assert targets.shape == (10, 8)
    assert_allclose(targets[:, 7], odds / (odds + 3), rtol=2e-3)  # the logits are float16
    assert_allclose(targets[:, 4:].sum(axis=1), 1, rtol=1e-6)


def test_a_table_smaller_than_a_batch_is_one_batch() -> None:
    recipe = toy_recipe(balance=False, batch_size=100)
    batches = EpochBatches(numbered_table(6, 1), recipe, 0)
    assert batches.num_batches == 1
    assert len(batches[0][0]) == 6


def test_cepstra_are_not_masked_in_frequency() -> None:
    recipe = toy_recipe(batch_size=40, balance=False)
    recipe = replace(recipe, augment=AugmentSpec(time_masks=0, frequency_masks=2, frequency_mask_bands=20))
    table = numbered_table(40, 1)
    table = replace(table, features=np.random.default_rng(0).normal(size=table.features.shape).astype(np.float16))
    masked = EpochBatches(table, recipe, 0)[0][0]
    cepstra = EpochBatches(table, replace(recipe, frontend=replace(recipe.frontend, mfcc=13)), 0)[0][0]
    assert not np.isin(masked, table.features).all()
    assert np.isin(cepstra, table.features).all()


@pytest.mark.parametrize(("axis", "kind", "width"), [(1, "time", 5), (2, "frequency", 7)])
def test_masks_are_single_runs_up_to_their_width_anywhere(axis: int, kind: str, width: int) -> None:
    widths = {"time_mask_frames": width, "frequency_mask_bands": width}
    spec = AugmentSpec(**{"time_masks": 0, "frequency_masks": 0, f"{kind}_masks": 1}, **widths)  # type: ignore[arg-type]
    batch = np.random.default_rng(0).normal(size=(2000, 12, 14)).astype(np.float32)
    before = batch.copy()
    masked = spec_augment(batch, spec, np.random.default_rng(1))
    assert_array_equal(batch, before)
    means = np.broadcast_to(batch.mean(axis=(1, 2), keepdims=True), batch.shape)
    changed = masked != batch
    assert_array_equal(masked[changed], means[changed])
    runs = changed.all(axis=3 - axis)
    assert_array_equal(runs.sum() * batch.shape[3 - axis], changed.sum())  # whole frames or bands
    lengths = runs.sum(axis=1)
    starts = (np.diff(runs.astype(int), axis=1, prepend=0) == 1).sum(axis=1)
    assert set(lengths) == set(range(width + 1))
    assert_array_equal(starts, lengths > 0)
    assert runs[:, 0].any()
    assert runs[:, -1].any()


def test_a_mask_may_be_as_wide_as_the_clip() -> None:
    spec = AugmentSpec(time_masks=1, time_mask_frames=50, frequency_masks=0)
    masked = spec_augment(np.arange(60, dtype=np.float32).reshape(5, 3, 4), spec, np.random.default_rng(0))
    assert masked.shape == (5, 3, 4)
