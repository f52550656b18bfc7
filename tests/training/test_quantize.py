from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from edge_asr.bundle.store import read_bundle
from edge_asr.config import to_table
from edge_asr.data.tables import FeatureTable, Prepared
from edge_asr.errors import ConversionError
from edge_asr.runtime.engine import load_engine
from edge_asr.training.compare import compare
from edge_asr.training.convert import convert_int8
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.ptq import post_training, representative_set
from edge_asr.training.quantize import int8_size, quantize
from edge_asr.training.recipe import recipe_from_table, recipe_table
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.slim import slim
from edge_asr.training.spec import QuantizeSpec
from edge_asr.zoo.build import build_model
from tests.training.quant_models import clips, residual_network

RECIPE = recipe_from_table(
    {
        "name": "ripples",
        "frontend": {"preset": "logmel40"},
        "data": {"reader": "folder", "labels": ["_unknown_", "one", "two", "three"], "clip_seconds": 0.2},
        "model": {"arch": "res_ds_cnn", "stem_channels": 8, "channels": [8, 8], "stem_stride": [2, 4]},
        "train": {"seed": 7, "epochs": 1, "warmup_epochs": 0, "balance": False, "batch_size": 20},
        "quantize": {"representative_clips": 40, "qat_epochs": 2},
    },
    source="test",
)
FRAMES, FEATURES, _ = RECIPE.input_shape


def table(count: int, variants: int, seed: int) -> FeatureTable:
    rng = np.random.default_rng(seed)
    labels = rng.integers(4, size=count).astype(np.int32)
    ripple = np.cos(np.pi * labels[:, None] / 3 * np.arange(FEATURES))[:, None, None]
    features = (ripple + 0.5 * rng.standard_normal((count, variants, FRAMES, FEATURES))).astype(np.float16)
    return FeatureTable(features, labels, tuple(f"clip{i}" for i in range(count)), RECIPE.data.labels)


PREPARED = Prepared(train=table(100, 2, 1), validation=table(60, 1, 2), test=table(0, 1, 3), summary="ripples: 160 clips")


@pytest.fixture
def run_dir(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.begin(RECIPE, {"versions": {"keras": "3"}, "data": PREPARED.summary})
    folder.write_weights(build_model(RECIPE.model, RECIPE.input_shape, 4, 7))
    return folder.path


@pytest.mark.parametrize("method", ["ptq", "qat"])
def test_the_bundle_is_what_was_measured(run_dir, tmp_path, method):
    settings = dataclasses.replace(RECIPE.quantize, method=method)
    report = quantize(run_dir, PREPARED, tmp_path / "bundle", settings=settings)
    bundle = read_bundle(tmp_path / "bundle")
    engine = load_engine(bundle)
    posteriors = [engine.posteriors(np.float32(clip)) for clip in PREPARED.validation.features[:, 0]]
    answers = np.argmax(posteriors, axis=1)

    assert report.method == method
    assert report.model_bytes == len(bundle.models["window"])
    assert report.bytes_saved > 0
    assert report.operators == {"ADD": 2, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 1, "MEAN": 1}
    assert report.validation.clips == 60
    assert report.validation.int8_accuracy == np.mean(answers == PREPARED.validation.labels)
    network = RunFolder(run_dir).model()
    exact = network(np.float32(PREPARED.validation.features[:, 0])[..., None], training=False).numpy().argmax(axis=1)
    assert report.validation.float_accuracy == np.mean(exact == PREPARED.validation.labels)
    assert report.validation.agreement == np.mean(exact == answers)
    if method == "ptq":  # an untrained network's logits lie close together, and still rounding turns few answers
        assert report.validation.agreement > 0.9
        assert report.validation.sqnr_db > 25
    assert 0 < len(report.worst_layers) <= 8

    manifest = bundle.manifest
    assert (manifest.name, manifest.labels, manifest.frontend) == ("ripples", RECIPE.data.labels, RECIPE.frontend)
    assert manifest.detect == RECIPE.detect
    assert manifest.made_by.startswith("edge-asr ")
    wanted = dataclasses.replace(RECIPE, quantize=settings)
    provenance = json.loads(json.dumps(manifest.provenance))
    assert provenance["recipe"] == json.loads(json.dumps(recipe_table(wanted)))
    assert (provenance["seed"], provenance["versions"]) == (7, {"keras": "3"})
    assert provenance["data"] == PREPARED.summary
    assert provenance["quantize"]["validation"] == json.loads(json.dumps(to_table(report.validation)))


def test_float_and_int8_answers_are_counted_apart():
    """The int8 model of another network: one always answers with the first label, the other with the second."""
    first, second = (build_model(RECIPE.model, RECIPE.input_shape, 4, 7) for _ in range(2))
    first.get_layer("logits").bias.assign([99, 0, 0, 0])
    second.get_layer("logits").bias.assign([0, 99, 0, 0])
    features = np.float32(PREPARED.validation.features[:, 0])[..., None]
    model = convert_int8(post_training(fold_batch_norms(second), features))
    found, labels = compare(first, model, PREPARED.validation), PREPARED.validation.labels
    assert np.mean(labels == 0) != np.mean(labels == 1)
    assert (found.float_accuracy, found.int8_accuracy) == (np.mean(labels == 0), np.mean(labels == 1))
    assert found.agreement == 0


def test_max_bytes_and_the_same_model_from_the_same_run(run_dir, tmp_path):
    quantize(run_dir, PREPARED, tmp_path / "one")
    model = read_bundle(tmp_path / "one").models["window"]
    settings = dataclasses.replace(RECIPE.quantize, max_bytes=len(model))
    quantize(run_dir, PREPARED, tmp_path / "two", settings=settings)
    assert read_bundle(tmp_path / "two").models["window"] == model
    settings = dataclasses.replace(settings, max_bytes=len(model) - 1)
    with pytest.raises(ConversionError, match=rf"has {len(model)} bytes, quantize.max_bytes allows {len(model) - 1}"):
        quantize(run_dir, PREPARED, tmp_path / "three", settings=settings)
    assert not (tmp_path / "three").exists()


def test_fine_tuning_distils_from_teachers(run_dir, tmp_path):
    """Teachers that always say "three", against labels that are even: 0.7 of the loss is theirs."""
    logits = np.full((100, 2, 4), -10.0, np.float16)
    logits[..., 3] = 10.0
    settings = QuantizeSpec(method="qat", qat_epochs=4, qat_learning_rate=3e-2, representative_clips=40)
    quantize(run_dir, PREPARED, tmp_path / "taught", settings=settings, teacher_logits=logits)
    engine = load_engine(tmp_path / "taught")
    posteriors = [engine.posteriors(np.float32(clip)) for clip in PREPARED.validation.features[:, 0]]
    assert np.mean(np.argmax(posteriors, axis=1) == 3) > 0.9


def test_no_validation_clips_and_progress(run_dir, tmp_path):
    seen = []
    prepared = dataclasses.replace(PREPARED, validation=table(0, 1, 2))
    report = quantize(run_dir, prepared, tmp_path / "bundle", progress=lambda *call: seen.append(call))
    assert report.validation is None
    assert json.loads(json.dumps(to_table(report)))["model_bytes"] == report.model_bytes
    assert {what for what, _, _ in seen} == {"converting", "looking where the error comes from"}
    assert all(0 <= done <= total for _, done, total in seen)


def test_the_representative_set_is_seeded_and_drawn_from_training_clips():
    one, same, other = (representative_set(PREPARED.train, 30, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert (one.shape, one.dtype) == ((30, FRAMES, FEATURES, 1), np.float32)
    known = {clip.tobytes() for clip in np.float32(PREPARED.train.features).reshape(-1, FRAMES, FEATURES)}
    found = [clip.tobytes() for clip in one]
    assert set(found) <= known
    assert len(set(found)) == 30
    assert len(representative_set(PREPARED.train, 1000, np.random.default_rng(1))) == 100
    with pytest.raises(ConversionError, match="found none"):
        representative_set(table(0, 2, 1), 10, np.random.default_rng(1))


def test_int8_size_is_that_of_the_trained_network():
    """Zero biases of an untrained network would be stored once and make the file look smaller than it will be."""
    trained, untrained = residual_network(), residual_network()
    for layer in untrained.layers:
        if layer.weights:
            layer.set_weights([np.ones_like(weight) if weight.ndim > 1 else weight * 0 for weight in layer.get_weights()])
    size = len(slim(convert_int8(post_training(fold_batch_norms(trained), clips(8)))))
    assert abs(int8_size(trained) - size) <= 50
    assert int8_size(untrained) == int8_size(trained)
