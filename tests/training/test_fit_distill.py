from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from edge_asr.bundle.store import Bundle
from edge_asr.data.tables import FeatureTable
from edge_asr.errors import TrainingError
from edge_asr.frontend.spec import FrontendSpec
from edge_asr.runtime.engine import load_engine
from edge_asr.training.distill import corrected, load_teacher, teacher_logits
from edge_asr.training.learner import predict
from edge_asr.training.loss import softmax
from edge_asr.training.run_folder import RunFolder
from edge_asr.zoo.build import build_model
from tests.training.toy import toy_recipe, toy_table

RECIPE = toy_recipe()
TABLE = toy_table(RECIPE, clips=7, variants=2, seed=1)


def untrained(path: Path, seed: int) -> Path:
    folder = RunFolder(path)
    folder.begin(RECIPE, {})
    model = build_model(RECIPE.model, RECIPE.input_shape, 4, seed)
    model.layers[-1].kernel.assign(20 * model.layers[-1].kernel)  # so that its posteriors differ
    folder.write_weights(model)
    return path


def test_posteriors_of_several_teachers_are_averaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_asr.training.distill.PREDICT_BATCH", 6)  # blocks of 3, 3 and 1 clips
    paths = [untrained(tmp_path / name, seed) for seed, name in enumerate(("one", "two"))]
    told: list[tuple[str, int, int]] = []
    found = teacher_logits(paths, lambda frontend: TABLE, progress=lambda *step: told.append(step))
    clips = TABLE.features.reshape(-1, *TABLE.features.shape[2:])
    mean = sum(softmax(predict(RunFolder(path).model(), clips)) for path in paths) / 2
    assert (found.shape, found.dtype) == ((7, 2, 4), np.float16)
    assert_allclose(np.exp(found.astype(np.float32)).reshape(-1, 4), mean, rtol=1e-2, atol=1e-7)  # float16 of at most 16
    assert np.ptp(mean, axis=0).max() > 0.1
    assert told[0] == ("teacher one", 0, 14)
    assert told[-1] == ("teachers", 14, 14)


def test_a_teacher_hears_with_its_own_front_end(tmp_path: Path) -> None:
    asked: list[FrontendSpec] = []

    def table_for(frontend: FrontendSpec) -> FeatureTable:
        asked.append(frontend)
        return TABLE

    teacher_logits([untrained(tmp_path / "one", 0)], table_for)
    assert asked == [RECIPE.frontend]


@pytest.mark.parametrize(("before", "behind"), [(4, 4), (4, 5), (0, 1)])
def test_a_teacher_with_a_shorter_window_hears_the_middle(tmp_path: Path, before: int, behind: int) -> None:
    path = untrained(tmp_path / "one", 0)
    longer = np.pad(TABLE.features, ((0, 0), (0, 0), (before, behind), (0, 0)), constant_values=9)
    found = teacher_logits([path], lambda frontend: replace(TABLE, features=longer))
    np.testing.assert_array_equal(found, teacher_logits([path], lambda frontend: TABLE))


def test_labels_that_are_certain_stand_in_for_teachers_that_are_wrong() -> None:
    labels = np.array([0, 1, 1])
    said = np.log(np.array([[[0.7, 0.3], [0.4, 0.6]]] * 3)).astype(np.float16)  # 0 of each clip as it came, 1 of its copy
    found = corrected(said, labels, np.array([True, True, False]), 0.1)
    np.testing.assert_array_equal(found[[0, 2]], said[[0, 2]])  # right; and wrong, but of a recording
    assert_allclose(np.exp(found[1].astype(np.float32)), [[0.05, 0.95]] * 2, rtol=1e-2)
    assert np.isfinite(corrected(said, labels, np.array([True, True, True]), 0.0)).all()


def test_a_bundle_can_teach(tiny_bundle: Bundle) -> None:
    teacher = load_teacher(tiny_bundle.path)
    clips = np.random.default_rng(0).normal(size=(3, *teacher.window)).astype(np.float16)
    engine = load_engine(tiny_bundle)
    expected = [engine.posteriors(clip.astype(np.float32)) for clip in clips]
    assert teacher.labels == engine.labels
    assert_allclose(teacher.posteriors(clips), expected, rtol=0)


def test_teachers_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = untrained(tmp_path / "one", 0)
    with pytest.raises(TrainingError, match="at least one teacher"):
        teacher_logits([], lambda frontend: TABLE)
    with pytest.raises(TrainingError, match=r"nothing: expected a teacher"):
        teacher_logits([tmp_path / "nothing"], lambda frontend: TABLE)
    renamed = replace(TABLE, label_names=("no", "yes", "_unknown_", "_silence_"))
    with pytest.raises(TrainingError, match=r"one: expected labels and window"):
        teacher_logits([path], lambda frontend: renamed)
    shorter = replace(TABLE, features=TABLE.features[:, :, 1:])
    with pytest.raises(TrainingError, match=r"one: expected labels and window .*or fewer frames"):
        teacher_logits([path], lambda frontend: shorter)
    tables = iter([TABLE, replace(TABLE, ids=TABLE.ids[::-1])])
    with pytest.raises(TrainingError, match="the same clips and variants"):
        teacher_logits([path, path], lambda frontend: next(tables))
