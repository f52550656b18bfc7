from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from edge_asr.data.tables import FeatureTable
from edge_asr.errors import ConfigError, TrainingError
from edge_asr.training.batches import EpochBatches
from edge_asr.training.fit import TrainResult, train
from edge_asr.training.history import EpochRecord
from edge_asr.training.learner import Learner, predict
from edge_asr.training.recipe import Recipe
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.team import Team
from tests.training.toy import kept_weights, toy_data, toy_recipe, toy_table

RECIPE = toy_recipe()
DATA = toy_data(RECIPE)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    return train(RECIPE, DATA, tmp_path_factory.mktemp("runs") / "unbroken")


def curves(history: tuple[EpochRecord, ...]) -> list[EpochRecord]:
    return [replace(record, seconds=0.0) for record in history]


def test_a_run_learns_and_leaves_its_folder(unbroken: TrainResult) -> None:
    folder = RunFolder(unbroken.run_dir)
    assert [record.epoch for record in unbroken.history] == [1, 2, 3]
    assert unbroken.history[-1].loss < unbroken.history[0].loss
    assert unbroken.kept.validation_accuracy > 0.6  # chance is 0.25; these seeds give 0.85
    assert folder.recipe() == RECIPE
    assert folder.history() == unbroken.history
    rows = list(csv.DictReader((unbroken.run_dir / "history.csv").read_text().splitlines()))
    assert [float(row["loss"]) for row in rows] == [record.loss for record in unbroken.history]
    info = folder.info()
    assert (info["seed"], info["backend"], info["data"]) == (1, keras.backend.backend(), DATA.summary)
    assert {"python", "numpy", "keras"} <= set(info["versions"])
    assert list((unbroken.run_dir / "logs").glob("events.out.tfevents.*"))
    assert not list(unbroken.run_dir.glob("*.part"))


@pytest.mark.parametrize("patience", [0, 10])
def test_early_stopping_keeps_the_best_epoch_and_a_full_run_the_last(tmp_path: Path, patience: int) -> None:
    """Validation with wrong labels: what is learnt makes it worse."""
    wrong = replace(DATA.validation, labels=np.roll(DATA.validation.labels, 1))
    recipe = toy_recipe(schedule="constant", early_stopping_epochs=patience)
    result = train(recipe, replace(DATA, validation=wrong), tmp_path / "run")
    logits = predict(RunFolder(tmp_path / "run").model(), wrong.features[:, 0])
    accuracies = [record.validation_accuracy or 0.0 for record in result.history]
    assert max(accuracies) > accuracies[-1]
    wanted = max(accuracies) if patience else accuracies[-1]
    assert np.mean(logits.argmax(axis=1) == wrong.labels) == result.kept.validation_accuracy == wanted


@pytest.mark.parametrize("decay", [0.0, 0.998])
def test_the_averages_are_kept_beside_the_norms_statistics(decay: float) -> None:
    learner = Learner(toy_recipe(weight_averaging=decay), 20, Team(), distil=False)
    learner.fit(EpochBatches(DATA.train, RECIPE, 0), keras.callbacks.Callback())
    network, kept = learner.network, learner.kept
    trained = [variable.numpy() for variable in network.trainable_variables]
    expected = [average.numpy() for average in network.optimizer.averages] or trained
    assert all(np.array_equal(*pair) for pair in zip(trained, expected)) == (decay == 0)
    for variable, array in zip(kept.trainable_variables, expected, strict=True):
        assert_array_equal(variable.numpy(), array)
    for variable, other in zip(kept.non_trainable_weights, network.non_trainable_weights, strict=True):
        assert_array_equal(variable.numpy(), other.numpy())


def test_what_is_foretold_shapes_the_network_and_is_not_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    foretold = rng.normal(size=(*DATA.train.features.shape[:2], 5)).astype(np.float16)
    train(RECIPE, DATA, tmp_path / "run", foretold=foretold)
    train(RECIPE, DATA, tmp_path / "other", foretold=-foretold)
    model, other = (RunFolder(tmp_path / name).model() for name in ("run", "other"))
    assert model.output.shape == (None, 4)
    assert not np.array_equal(model.get_weights()[0], other.get_weights()[0])
    with pytest.raises(TrainingError, match="to foretell"):
        train(RECIPE, DATA, tmp_path / "few", foretold=foretold[:, :1])


@pytest.mark.parametrize("finished", [0, 2])
def test_an_interrupted_run_resumes_to_the_same_bits(unbroken: TrainResult, tmp_path: Path, finished: int) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if done > finished * 20:  # before the epoch's 20 batches are saved
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(RECIPE, DATA, tmp_path / "run", progress=interrupt)
    assert RunFolder(tmp_path / "run").has_checkpoint() == (finished > 0)
    resumed = train(RECIPE, DATA, tmp_path / "run", resume=True)
    assert curves(resumed.history) == curves(unbroken.history)
    for name in ("weights.npz", "checkpoint.npz"):
        with np.load(unbroken.run_dir / name) as expected, np.load(tmp_path / "run" / name) as found:
            assert sorted(expected) == sorted(found)
            for key in set(expected) - {"history"}:
                assert_array_equal(expected[key], found[key], err_msg=key)


def test_a_finished_run_is_resumed_without_a_step(unbroken: TrainResult) -> None:
    before = (unbroken.run_dir / "checkpoint.npz").read_bytes()
    assert train(RECIPE, DATA, unbroken.run_dir, resume=True) == unbroken
    assert (unbroken.run_dir / "checkpoint.npz").read_bytes() == before


def test_another_seed_gives_other_weights(unbroken: TrainResult, tmp_path: Path) -> None:
    train(toy_recipe(seed=2), DATA, tmp_path / "run")
    pairs = zip(kept_weights(unbroken.run_dir), kept_weights(tmp_path / "run"))
    assert not any(np.array_equal(left, right) for left, right in pairs)


def test_a_folder_with_a_run_is_not_overwritten(unbroken: TrainResult) -> None:
    with pytest.raises(TrainingError, match=r"unbroken: expected an empty folder.*resume"):
        train(RECIPE, DATA, unbroken.run_dir)


def test_resuming_needs_the_same_recipe_and_data(unbroken: TrainResult) -> None:
    with pytest.raises(TrainingError, match="the recipe that this run began with"):
        train(toy_recipe(learning_rate=1e-3), DATA, unbroken.run_dir, resume=True)
    relabelled = replace(DATA.train, labels=np.roll(DATA.train.labels, 1))
    with pytest.raises(TrainingError, match="the data that this run began with"):
        train(RECIPE, replace(DATA, train=relabelled), unbroken.run_dir, resume=True)


def test_training_stops_when_validation_no_longer_rises(tmp_path: Path) -> None:
    recipe = toy_recipe(epochs=20, schedule="constant", learning_rate=1e-8, early_stopping_epochs=2, weight_averaging=0)
    silent = replace(DATA.validation, features=np.zeros_like(DATA.validation.features))
    result = train(recipe, replace(DATA, validation=silent), tmp_path / "run")
    assert len(result.history) == 3  # the first is the best; two do not rise
    assert train(recipe, replace(DATA, validation=silent), tmp_path / "run", resume=True) == result


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path: Path) -> None:
    features = DATA.train.features.copy()
    features[:, :, 0, 0] = np.inf
    with pytest.raises(TrainingError, match=r"epoch 1.*finite.*nan.*learning_rate"):
        train(RECIPE, replace(DATA, train=replace(DATA.train, features=features)), tmp_path / "run")
    assert not RunFolder(tmp_path / "run").has_checkpoint()


def test_features_and_teachers_must_fit(tmp_path: Path) -> None:
    wide = replace(DATA.train, features=DATA.train.features[..., :30])
    with pytest.raises(TrainingError, match=r"expected features and labels .*40.*found .*30"):
        train(RECIPE, replace(DATA, train=wide), tmp_path)
    with pytest.raises(TrainingError, match="teachers"):
        train(toy_recipe(teachers=["other"]), DATA, tmp_path)
    with pytest.raises(TrainingError, match=r"shape \(60, 3, 4\), found \(60, 1, 4\)"):
        train(RECIPE, DATA, tmp_path, teacher_logits=np.zeros((60, 1, 4), np.float16))


def test_teachers_decide_what_is_learnt(tmp_path: Path) -> None:
    """Teachers that call every clip "no" outweigh the labels; without validation clips the last weights are kept."""
    said = np.full((60, 3, 4), -10, np.float16)
    said[..., 1] = 0
    recipe = toy_recipe(distill_weight=0.95)
    data = replace(DATA, validation=toy_table(recipe, clips=0, variants=1, seed=2))
    result = train(recipe, data, tmp_path / "run", teacher_logits=said)
    assert (result.kept.epoch, result.kept.validation_accuracy) == (3, None)
    logits = predict(RunFolder(tmp_path / "run").model(), DATA.validation.features[:, 0])
    assert (logits.argmax(axis=1) == 1).mean() > 0.9  # of which 0.25 are labelled so


def test_progress_tells_loss_accuracy_and_time_left(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    seen: list[EpochRecord] = []
    result = train(toy_recipe(epochs=2), DATA, tmp_path / "run", progress=lambda *step: told.append(step), on_epoch=seen.append)
    assert [(done, total) for _, done, total in told if done % 20 == 0] == [(20, 40), (40, 40)]
    assert told[-1][0].startswith("epoch 2 of 2: loss ")
    assert told[-1][0].endswith(", 0:00 left")
    assert tuple(seen) == result.history


def test_each_epoch_has_its_own_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def batches(table: FeatureTable, recipe: Recipe, epoch: int, *rest: None) -> EpochBatches:
        drawn.append(epoch)
        return EpochBatches(table, recipe, epoch, *rest)

    monkeypatch.setattr("edge_asr.training.fit.EpochBatches", batches)
    train(RECIPE, DATA, tmp_path / "run")
    assert drawn == [0, 1, 2]


def test_a_run_can_begin_with_the_weights_of_another(unbroken: TrainResult, tmp_path: Path) -> None:
    still = toy_recipe(epochs=1, warmup_epochs=0.0, learning_rate=1e-8, weight_decay=0.0)
    train(still, DATA, tmp_path / "on", begin_with=unbroken.run_dir)
    origin = RunFolder(tmp_path / "on").info()["began_with"]
    sha256 = hashlib.sha256((unbroken.run_dir / "weights.npz").read_bytes()).hexdigest()
    assert origin == {"name": "toy", "weights_sha256": sha256}
    assert "began_with" not in RunFolder(unbroken.run_dir).info()
    before, after = RunFolder(unbroken.run_dir).model(), RunFolder(tmp_path / "on").model()
    for old, new in zip(before.trainable_variables, after.trainable_variables):
        assert_array_equal(np.round(new.numpy(), 4), np.round(old.numpy(), 4))  # 20 steps of 1e-8
    features = DATA.validation.features[:, 0]
    assert (predict(after, features).argmax(-1) == predict(before, features).argmax(-1)).mean() > 0.8  # norms move a little


def test_a_run_of_another_network_is_nothing_to_begin_with(unbroken: TrainResult, tmp_path: Path) -> None:
    other = replace(RECIPE, model=replace(RECIPE.model, stem_channels=12))
    with pytest.raises(TrainingError, match=r"unbroken: expected a run of the same network to begin with"):
        train(other, DATA, tmp_path / "on", begin_with=unbroken.run_dir)
    with pytest.raises(ConfigError, match="nothing"):
        train(RECIPE, DATA, tmp_path / "on", begin_with=tmp_path / "nothing")
