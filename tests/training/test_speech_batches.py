"""Batches of utterances: every row, silence around it, masks that are drawn from the seed, shares of several workers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_asr.data.speech_table import SpeechTable
from edge_asr.errors import TrainingError
from edge_asr.frontend import compute
from edge_asr.training.speech_batches import BUCKETS, SpeechBatches, buckets, silence_of
from tests.training.toy_speech import FIELD, STRIDE, speech_recipe, speech_table

LEAD = FIELD - STRIDE


def without_masks(recipe):
    return replace(recipe, augment=replace(recipe.augment, time_masks=0, frequency_masks=0))


def equally_long(rows: int) -> SpeechTable:
    """Utterances of 20 frames and a token, all different."""
    features = np.random.default_rng(8).normal(size=(20 * rows, 40)).astype(np.float16)
    starts = np.arange(rows + 1, dtype=np.int64)
    texts = ("one",) * rows
    return SpeechTable(features, 20 * starts, np.ones(rows, np.int32), starts, tuple(map(str, range(rows))), texts)


def rows_of(table: SpeechTable, batch, count: int) -> list[int]:
    """Which rows of `table` a batch has, by their first frames."""
    found = []
    for features in batch.features[:count, LEAD : LEAD + 2, :, 0]:
        same = [np.array_equal(table.frames_of(row)[:2].astype(np.float32), features) for row in range(len(table))]
        found.append(same.index(True))
    return found


def test_an_epoch_has_every_row_once_but_what_fills_less_than_half_a_batch():
    table, recipe = speech_table(103, 1), without_masks(speech_recipe())
    batches = SpeechBatches(table, recipe)
    orders = []
    for number in range(2):
        found = [row for batch, _, _ in batches.epoch(number) for row in rows_of(table, batch, len(batch.frames))]
        assert len(found) == len(set(found)) >= 103 - 3  # half of the five or six rows of the longest batches
        orders.append(found)
    assert orders[0] != orders[1]
    assert len(list(batches.epoch(0))) == len(batches)
    assert sorted(row for rows, _ in batches.in_order() for row in rows) == list(range(103))


@pytest.mark.parametrize(("rows", "seen"), [(16, 16), (19, 16), (20, 20), (3, 3)])
def test_less_than_half_a_batch_at_the_end_is_not_seen(rows, seen):
    batches = SpeechBatches(equally_long(rows), speech_recipe())  # eight rows a batch
    assert sum(len(batch.frames) for batch, _, _ in batches.epoch(0)) == seen


def test_rows_meet_others_in_each_epoch():
    batches = SpeechBatches(equally_long(64), without_masks(speech_recipe()))
    table = batches.table
    one, other = ({frozenset(rows_of(table, batch, 8)) for batch, _, _ in batches.epoch(number)} for number in range(2))
    assert not one & other


def test_silence_before_and_behind_and_the_labels_of_a_row():
    table, recipe = speech_table(40, 2), without_masks(speech_recipe())
    silence = compute(np.zeros(recipe.frontend.window_samples), recipe.frontend)[0]
    np.testing.assert_array_equal(silence_of(recipe.frontend), silence)
    for rows, batch in SpeechBatches(table, recipe).in_order():
        outputs = (batch.features.shape[1] - FIELD) // STRIDE + 1
        assert (batch.features.shape[1] - FIELD) % STRIDE == 0
        for place, row in enumerate(rows):
            frames = table.frames_of(row).astype(np.float32)
            heard = batch.features[place, :, :, 0]
            np.testing.assert_array_equal(heard[:LEAD], np.tile(silence, (LEAD, 1)))
            np.testing.assert_array_equal(heard[LEAD : LEAD + len(frames)], frames)
            np.testing.assert_array_equal(heard[LEAD + len(frames) :] - silence, 0)
            assert batch.frames[place] == len(frames) // STRIDE <= outputs
            mine = batch.labels.indices[:, 0] == place
            tokens = table.tokens_of(row)
            assert batch.labels.empty[place] == (len(tokens) == 0)
            if len(tokens):
                assert batch.labels.values[mine].tolist() == tokens.tolist()


def test_lengths_are_few_and_batches_hold_about_equal_audio():
    lengths = np.random.default_rng(3).integers(50, 800, 2000)
    made = buckets(lengths, np.arange(2000), 32, STRIDE)
    assert len(made) <= BUCKETS
    assert sorted(np.concatenate([bucket.rows for bucket in made])) == list(range(2000))
    for bucket in made:
        assert lengths[bucket.rows].max() <= bucket.frames < lengths[bucket.rows].max() + STRIDE
        # 32 rows of the mean length; a batch has whole rows, at most half a row of the bucket's length off.
        assert abs(bucket.size * bucket.frames - 32 * lengths.mean()) <= bucket.frames / 2 + 1
    padded = sum(bucket.frames * len(bucket.rows) for bucket in made)
    assert padded < 1.12 * lengths.sum()  # twelve buckets over a sixteenfold range
    assert buckets(lengths, np.arange(0), 32, STRIDE) == ()


def test_masks_follow_from_seed_epoch_and_batch():
    table, recipe = speech_table(40, 4), speech_recipe()
    batches = SpeechBatches(table, recipe)
    first = [batch.features for batch, _, _ in batches.epoch(5)]
    list(batches.epoch(4))
    for one, again in zip(first, SpeechBatches(table, recipe).epoch(5), strict=True):
        np.testing.assert_array_equal(one, again[0].features)
    plain = [batch.features for batch, _, _ in SpeechBatches(table, without_masks(recipe)).epoch(5)]
    assert any(not np.array_equal(one, other) for one, other in zip(first, plain))
    for one, other in zip(first, plain, strict=True):
        np.testing.assert_array_equal(one[:, :LEAD], other[:, :LEAD])


def test_workers_share_each_batch_row_by_row():
    table, recipe = speech_table(40, 5), speech_recipe()
    whole = list(SpeechBatches(table, recipe).epoch(1))
    shares = [list(SpeechBatches(table, recipe, worker=i, workers=3).epoch(1)) for i in range(3)]
    for number, (batch, tokens, frames) in enumerate(whole):
        for worker in range(3):
            share, its_tokens, its_frames = shares[worker][number]
            np.testing.assert_array_equal(share.features, batch.features[worker::3])
            np.testing.assert_array_equal(share.frames, batch.frames[worker::3])
            assert (its_tokens, its_frames) == (tokens, frames)
    with pytest.raises(TrainingError, match="at least 30 rows, one a worker"):
        SpeechBatches(table, recipe, worker=0, workers=30)


def test_tokens_and_frames_of_a_batch_are_counted():
    table, recipe = speech_table(40, 7), without_masks(speech_recipe())
    for batch, tokens, frames in SpeechBatches(table, recipe, worker=1, workers=2).epoch(0):
        everyone = [SpeechBatches(table, recipe, worker=i, workers=2) for i in range(2)]
        both = [next(one for one, *_ in worker.epoch(0)) for worker in everyone]
        rows = [row for one in both for row in rows_of(table, one, len(one.frames))]
        assert (tokens, frames) == (sum(len(table.tokens_of(row)) for row in rows), sum(table.lengths[row] for row in rows))
        assert set(rows_of(table, batch, len(batch.frames))) < set(rows)
        break


def test_rows_with_more_tokens_than_frames_are_left_out_and_counted():
    table = speech_table(20, 6)
    short = replace(table, starts=table.starts.copy())
    tokens = np.array([1, 1, 1], np.int32)  # need five output frames; nine frames make four
    extra = replace(
        short,
        starts=np.append(table.starts, table.starts[-1] + 9),
        features=np.concatenate([table.features, table.features[:9]]),
        tokens=np.concatenate([table.tokens, tokens]),
        token_starts=np.append(table.token_starts, table.token_starts[-1] + 3),
        ids=(*table.ids, "short#0"),
        texts=(*table.texts, "one one one"),
    )
    batches = SpeechBatches(extra, speech_recipe())
    assert batches.left_out == 1
    assert batches.rows.tolist() == list(range(20))
