"""From a phrase to a bundle: what is left in the run folder, going on after an interruption, and what is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.bundle.store import read_bundle
from edge_asr.data.wake_places import WakePlaces
from edge_asr.errors import DataError, SynthesisError, TrainingError
from edge_asr.runtime.engine import load_engine
from edge_asr.training import embedding_head
from edge_asr.training.pipeline import quantize_run
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.wake import WakeResult, train_wake
from edge_asr.training.wake_mining import MinedMoment, read_mined
from edge_asr.training.workshop import read_places
from tests.training.wake_toys import few_texts, places, shop, small_recipe

pytest.importorskip("espeakng_loader", reason="needs the 'synth' extra (espeakng-loader)")


@dataclass(frozen=True)
class Made:
    folder: Path
    places: WakePlaces
    result: WakeResult
    said: list[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("wake")
    where = places(folder)
    said: list[str] = []
    with few_texts():
        yield Made(folder, where, train_wake(shop(small_recipe(), folder), where, say=said.append), said)


def test_the_plan_comes_first_and_names_everything(made: Made):
    plan = made.result.plan
    assert made.said[0] == plan.text
    assert plan.takes == {"phrase": 24, "near_miss": 8, "part": 4, "sentence": 30}
    assert set(plan.speakers) == {"espeak"}
    for part in ("hey you", "24 phrase", "of speech", "of noise", "3 of hey_you", "Would help", "more real negatives"):
        assert part in plan.text
    assert "MISSING" not in plan.text


def test_a_bundle_that_listens_with_a_chosen_threshold(made: Made):
    bundle = read_bundle(made.result.bundle)
    manifest = bundle.manifest
    assert manifest.labels == ("_unknown_", "hey_you")
    assert set(bundle.models) == {"window", "stream"}
    assert manifest.detect.thresholds == {"hey_you": made.result.choices[0].threshold}
    assert manifest.provenance["calibration"]["target_fa_per_hour"] == 0.5
    assert "synthetic voices" in manifest.provenance["calibration"]["audio"]  # two short clips are no half an hour
    assert str(made.folder) not in (made.result.bundle / "manifest.json").read_text()
    stream = load_engine(made.result.bundle).stream()
    assert stream.accept(np.zeros(16000, np.int16)) + stream.finish() == []


def test_the_run_folder_holds_the_facts(made: Made):
    run = made.folder / "run"
    facts = json.loads((run / "wake.json").read_text())
    assert facts["speech"]["seed"] == 1
    assert facts["speech"]["engines"].keys() == {"espeak"}
    assert all(voice["licence"] for voice in facts["speech"]["voices"])
    (mining,) = facts["mining"]
    assert mining["moments"] == len(made.result.mined[0].moments) <= 5
    assert mining["found"] >= mining["moments"] > 0  # nothing is below the threshold of 0.01
    assert read_places(run) == made.places
    folder = RunFolder(run)
    assert [record.epoch for record in folder.history()] == [1, 2, 3]
    assert folder.recipe() == replace(small_recipe(), name="hey_you")
    last = RunFolder(run / "rounds" / "1").model().get_weights()
    for mine, its in zip(folder.model().get_weights(), last):
        np.testing.assert_array_equal(mine, its)


def test_what_was_mined_is_trained_on(made: Made):
    mined = read_mined(made.folder / "run" / "rounds" / "0" / "mined.json")
    assert mined == made.result.mined[0]
    scores = [moment.score for moment in mined.moments]
    assert scores == sorted(scores, reverse=True)
    counts = [RunFolder(made.folder / "run" / "rounds" / number).info()["data_sha256"] for number in "01"]
    assert counts[0] != counts[1]


def test_going_on_does_nothing_twice_and_gives_the_same(made: Made):
    before = (made.folder / "run" / "rounds" / "1" / "checkpoint.npz").stat().st_mtime_ns
    models = read_bundle(made.result.bundle).models
    with few_texts():
        result = train_wake(shop(small_recipe(), made.folder), made.places, resume=True)
    assert (made.folder / "run" / "rounds" / "1" / "checkpoint.npz").stat().st_mtime_ns == before
    assert read_bundle(result.bundle).models == models
    assert result.choices == made.result.choices


def test_an_interrupted_run_goes_on_to_the_same_weights(made: Made):
    def stop(what: str, done: int, total: int) -> None:
        if what.startswith("epoch 1 of 1"):  # of the round after mining
            raise KeyboardInterrupt

    with few_texts():
        with pytest.raises(KeyboardInterrupt):
            train_wake(shop(small_recipe(), made.folder, "broken", stop), made.places)
        assert (made.folder / "broken" / "rounds" / "0" / "mined.json").exists()
        train_wake(shop(small_recipe(), made.folder, "broken"), made.places, resume=True)
    whole, broken = (RunFolder(made.folder / name).model().get_weights() for name in ("run", "broken"))
    for one, other in zip(whole, broken):
        np.testing.assert_array_equal(one, other)


def test_guidance_is_of_the_same_windows(made: Made, monkeypatch: pytest.MonkeyPatch):
    from edge_asr.training import wake_tables

    pytest.importorskip("pyopen_wakeword", reason="carries the speech embedding")
    monkeypatch.setattr(embedding_head, "HEADS", 1)
    monkeypatch.setattr(embedding_head, "EPOCHS", 2)
    guided = shop(small_recipe("wake.guided=true"), made.folder, "guided")
    table = wake_tables.round_table(guided, made.result.collected, made.result.mined).train
    guide = wake_tables.round_guidance(guided, made.result.collected, made.result.mined)
    assert guide is not None
    assert guide.teacher_logits.shape == (*table.features.shape[:2], 2)
    assert guide.foretold.shape == (*table.features.shape[:2], 96)
    assert [name for name in table.ids if name.startswith("mined/")]
    monkeypatch.setattr(wake_tables, "guidance", None)  # what is kept is not made again
    again = wake_tables.round_guidance(guided, made.result.collected, made.result.mined)
    assert again is not None
    np.testing.assert_array_equal(again.teacher_logits, guide.teacher_logits)
    assert wake_tables.round_guidance(shop(small_recipe(), made.folder), made.result.collected, ()) is None


def test_another_run_is_not_overwritten(made: Made):
    with few_texts():
        with pytest.raises(TrainingError, match="--resume"):
            train_wake(shop(small_recipe(), made.folder), made.places)
        with pytest.raises(TrainingError, match="found another"):
            train_wake(shop(small_recipe("train.seed=2"), made.folder), made.places, resume=True)


def test_quantize_makes_a_finished_run_int8_again(made: Made):
    target = made.folder / "again"
    settings = {"cache_dir": made.folder / "cache", "workers": 1}
    with few_texts():
        quantize_run(made.folder / "run", None, target, overrides=["detect.smoothing_ms=160.0"], **settings)
    manifest = read_bundle(target).manifest
    assert manifest.detect.smoothing_ms == 160.0
    assert set(manifest.detect.thresholds) == {"hey_you"}


def test_without_negatives_it_works_and_says_loudly_what_that_means(made: Made):
    said: list[str] = []
    with few_texts():
        result = train_wake(shop(small_recipe("wake.mining_rounds=0"), made.folder, "alone_run"), WakePlaces(), say=said.append)
    assert "REAL NEGATIVES ARE MISSING" in said[0]
    assert result.mined == ()
    assert read_bundle(result.bundle).manifest.provenance["calibration"]["audio"].startswith("sentences of synthetic voices")


def test_a_phrase_longer_than_the_window_is_told_with_what_to_do(made: Made):
    with few_texts(), pytest.raises(DataError, match=r"--set data.clip_seconds=\d"):
        train_wake(shop(small_recipe("data.clip_seconds=0.6", "model.kernels=[1, 1]"), made.folder, "long"), WakePlaces())


def test_an_engine_that_is_not_there(made: Made):
    with few_texts(), pytest.raises(SynthesisError, match="wake.engines.*espeak.*nosuch"):
        train_wake(shop(small_recipe('wake.engines=["nosuch"]'), made.folder, "engine"), WakePlaces())


def test_a_damaged_file_of_mined_moments(tmp_path: Path):
    assert read_mined(tmp_path / "none.json") is None
    (tmp_path / "m.json").write_text('{"moments": [{"path": 5}], "found": 1, "hours": 1.0}')
    with pytest.raises(TrainingError, match="m.json"):
        read_mined(tmp_path / "m.json")
    assert MinedMoment("a", 1.0, "b", 0.5).time == 1.0
