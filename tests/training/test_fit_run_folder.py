from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from edge_asr.errors import TrainingError
from edge_asr.training.history import EpochRecord, best_epoch, epochs_without_rise
from edge_asr.training.run_folder import RunFolder
from edge_asr.zoo.build import build_model
from tests.training.toy import LABELS, toy_recipe

RECIPE = toy_recipe()


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    folder.begin(RECIPE, {"seed": 1})
    return folder


def records(*accuracies: float | None) -> list[EpochRecord]:
    return [EpochRecord(i + 1, 1.0, 0.5, a, a, 1e-3, 2.0) for i, a in enumerate(accuracies)]


def test_weights_come_back(folder: RunFolder) -> None:
    model = build_model(RECIPE.model, RECIPE.input_shape, len(LABELS), seed=9)
    folder.write_weights(model)
    for wrote, read in zip(model.get_weights(), folder.model().get_weights()):
        assert_array_equal(wrote, read)


def test_a_checkpoint_comes_back(folder: RunFolder) -> None:
    state = [np.arange(3, dtype=np.uint32), np.float32(2.5) * np.ones((2, 2), np.float32), np.array(7)]
    folder.write_checkpoint(state, records(0.5, None))
    found, history = folder.read_checkpoint()
    for wrote, read in zip(state, found, strict=True):
        assert_array_equal(wrote, read, strict=True)
    assert list(history) == records(0.5, None)


def test_weights_of_another_network_are_refused(folder: RunFolder) -> None:
    other = build_model(toy_recipe().model, (11, 40, 1), 3, seed=0)
    folder.write_weights(other)
    with pytest.raises(TrainingError, match=r"weights.npz: expected logits/kernel of shape \(8, 4\), found shape \(8, 3\)"):
        folder.model()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", b"\x80\x04K\x01.", b"\x93NUMPY\x01\x00broken"])
def test_broken_archives_are_named(folder: RunFolder, content: bytes) -> None:
    for name in ("weights.npz", "checkpoint.npz"):
        (folder.path / name).write_bytes(content)
    with pytest.raises(TrainingError, match=r"weights\.npz: expected a whole archive"):
        folder.model()
    with pytest.raises(TrainingError, match=r"checkpoint\.npz: expected a whole archive"):
        folder.read_checkpoint()


def test_a_truncated_checkpoint_is_named(folder: RunFolder) -> None:
    folder.write_checkpoint([np.arange(1000)], records(0.5))
    file = folder.path / "checkpoint.npz"
    whole = file.read_bytes()
    for size in range(0, len(whole), 97):
        file.write_bytes(whole[:size])
        with pytest.raises(TrainingError, match=r"checkpoint\.npz"):
            folder.read_checkpoint()


@pytest.mark.parametrize("text", ["", "[", "{}", '[{"epoch": 1}]', '[{"epoch": "one"}]', "[1]", "\ud800"])
def test_broken_curves_and_facts_are_named(folder: RunFolder, text: str) -> None:
    for name in ("history.json", "run.json"):
        (folder.path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(TrainingError, match=r"history\.json: expected the curves"):
        folder.history()
    if text != "{}" and not text.startswith('{"'):
        with pytest.raises(TrainingError, match=r"run\.json: expected the facts"):
            folder.info()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TrainingError, match="file"):
        RunFolder(tmp_path / "file" / "run").begin(RECIPE, {})


def test_the_best_epoch_is_the_last_of_equals_and_patience_counts_from_the_first() -> None:
    history = records(0.5, 0.7, 0.6, 0.7, 0.6)
    assert best_epoch(history).epoch == 4
    assert epochs_without_rise(history) == 3
    assert epochs_without_rise(history[:2]) == 0
    assert best_epoch(records(None, None)).epoch == 2
