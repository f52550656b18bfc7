"""A recogniser learns, keeps its curves, goes on where it was interrupted, and does it all again to the same bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_asr.data.speech_table import PreparedSpeech
from edge_asr.errors import TrainingError
from edge_asr.training.ctc_loss import best_path
from edge_asr.training.history import SpeechEpoch
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.speech_batches import SpeechBatches, silence_of
from edge_asr.training.speech_fit import train_speech
from edge_asr.training.speech_learner import transcribe
from edge_asr.training.speech_run_text import epoch_text, result_text
from edge_asr.zoo.build import build_model
from tests.training.toy_speech import FIELD, STRIDE, WORDS, speech_data, speech_recipe


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """Four epochs, interrupted and resumed after the second."""
    recipe, folder = speech_recipe(epochs=4), tmp_path_factory.mktemp("speech") / "run"
    prepared, seen = speech_data(recipe), []

    def interrupt(record):
        seen.append(record)
        if record.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_speech(recipe, prepared, folder, facts={"places": {"data": ["here"]}}, on_epoch=interrupt)
    result = train_speech(recipe, prepared, folder, resume=True, on_epoch=interrupt)
    return recipe, prepared, folder, result, seen


def test_it_learns(learnt):
    result = learnt[3]
    rates = [record.word_error_rate for record in result.history]
    assert rates[0] > 0.3
    # Of some 50 words; here 0.02, and processors differ in the last bits, which grow. Who learns nothing stays at 1.
    assert rates[-1] < 0.15
    assert result.history[-1].character_error_rate < 0.15
    assert result.history[-1].loss < result.history[0].loss / 5
    assert result.kept is result.history[-1]


def test_an_interrupted_run_comes_to_the_weights_of_an_unbroken_one(learnt, tmp_path):
    recipe, prepared, folder, result, seen = learnt
    assert [record.epoch for record in seen] == [1, 2, 3, 4]
    again = train_speech(recipe, prepared, tmp_path / "run")
    for one, other in zip(RunFolder(folder).model().get_weights(), RunFolder(tmp_path / "run").model().get_weights()):
        np.testing.assert_array_equal(one, other)
    same = [replace(record, seconds=0.0, audio_rate=0.0) for record in again.history]
    assert same == [replace(record, seconds=0.0, audio_rate=0.0) for record in result.history]


def test_the_run_folder_keeps_curves_samples_and_facts(learnt):
    _, prepared, folder, result, _ = learnt
    run = RunFolder(folder)
    assert run.history(SpeechEpoch) == result.history
    samples = result.history[-1].samples
    assert 1 < len(samples) <= 4
    assert {sample.said for sample in samples} <= set(prepared.validation.texts)
    assert any(sample.said == sample.written for sample in samples)
    assert run.info()["places"] == {"data": ["here"]}
    assert run.info()["rows_left_out"] == 0
    header = (folder / "history.csv").read_text().splitlines()[0]
    assert header.startswith("epoch,loss,validation_loss,word_error_rate,character_error_rate,")
    assert "samples" not in header
    assert any((folder / "logs").iterdir())


def test_what_fills_a_batch_is_not_written_down(learnt):
    recipe, prepared = learnt[:2]
    untrained = build_model(recipe.model, recipe.input_shape, len(recipe.data.labels), 5)  # writes tokens in silence, too
    table = prepared.validation
    heard = transcribe(untrained, SpeechBatches(table, recipe), prepared.tokens)
    lead = np.tile(silence_of(recipe.frontend), (FIELD - STRIDE, 1))
    for row, written in enumerate(heard.written):
        frames = table.frames_of(row)[: table.lengths[row] // STRIDE * STRIDE].astype(np.float32)
        alone = untrained(np.concatenate([lead, frames])[None, :, :, None], training=False).numpy()[0]
        assert written == prepared.tokens.decode(best_path(alone))


def test_what_the_terminal_says(learnt):
    result = learnt[3]
    text = epoch_text(result.history[-1])
    assert f"WER {result.history[-1].word_error_rate:.1%}" in text
    assert f"said {result.history[-1].samples[0].said!r}" in text
    assert "s of audio learnt from in a second" in result_text(result)
    assert "3 rows left out" in result_text(replace(result, left_out=3))
    bare = replace(result.history[0], word_error_rate=None, samples=())
    assert "not validated" in epoch_text(bare)


def test_a_folder_with_another_run_is_left_alone(learnt):
    recipe, prepared, folder, _, _ = learnt
    with pytest.raises(TrainingError, match="expected an empty folder, found a run"):
        train_speech(recipe, prepared, folder)
    with pytest.raises(TrainingError, match="expected the recipe that this run began with"):
        train_speech(speech_recipe(epochs=7), prepared, folder, resume=True)
    other = replace(prepared, train=replace(prepared.train, tokens=4 - prepared.train.tokens))
    with pytest.raises(TrainingError, match="expected the data that this run began with"):
        train_speech(recipe, other, folder, resume=True)


def test_without_validation_there_are_no_error_rates(tmp_path):
    recipe = speech_recipe(epochs=1, warmup_epochs=0.0)
    record = train_speech(recipe, _without_validation(speech_data(recipe)), tmp_path / "run").history[0]
    assert (record.word_error_rate, record.character_error_rate, record.validation_loss) == (None, None, None)
    assert record.samples == ()


def test_tables_that_do_not_fit(tmp_path):
    recipe = speech_recipe()
    prepared = speech_data(recipe)
    narrow = replace(prepared, train=replace(prepared.train, features=prepared.train.features[:, :20]))
    with pytest.raises(TrainingError, match="expected features and tokens .40, .*found .20"):
        train_speech(recipe, narrow, tmp_path)
    long_words = replace(prepared, train=_too_long(prepared))
    with pytest.raises(TrainingError, match="expected utterances to train on, found none .120 with more tokens than frames"):
        train_speech(recipe, long_words, tmp_path)
    assert not any(tmp_path.iterdir())


def _without_validation(prepared: PreparedSpeech) -> PreparedSpeech:
    table = prepared.validation
    empty = replace(
        table, starts=table.starts[:1], token_starts=table.token_starts[:1], tokens=table.tokens[:0], ids=(), texts=()
    )
    return replace(prepared, validation=empty)


def _too_long(prepared: PreparedSpeech):
    table, count = prepared.train, 200
    return replace(
        table,
        tokens=np.full(len(table) * count, len(WORDS), np.int32),
        token_starts=np.arange(len(table) + 1, dtype=np.int64) * count,
    )
