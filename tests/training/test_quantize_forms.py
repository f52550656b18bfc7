"""The forms that a recipe asks for, from a run folder into a bundle."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from edge_asr.bundle.store import read_bundle
from edge_asr.config import to_table
from edge_asr.data.tables import FeatureTable, Prepared
from edge_asr.errors import ConfigError, ConversionError
from edge_asr.runtime.interpreter import Interpreter
from edge_asr.training.forms import convert_forms
from edge_asr.training.quantize import quantize
from edge_asr.training.quantized import describe_quantization
from edge_asr.training.recipe import recipe_from_table, recipe_table
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.text import quantize_text
from edge_asr.zoo.build import build_model
from tests.training.causal_models import files, run_stream, run_windows, simulated

STEP = 4
TABLE = {
    "name": "causal",
    "data": {"reader": "folder", "labels": ["_unknown_", "one"], "clip_seconds": 0.5},
    "model": {"arch": "res_ds_cnn", "causal": True, "stem_channels": 8, "channels": [8, 12], "stem_stride": [2, 4]},
    "train": {"epochs": 2, "balance": False},
    "quantize": {"representative_clips": 20, "forms": ["window", "stream", "resource"]},
    "detect": {"step_ms": 80.0},  # four hops
}
RECIPE = recipe_from_table(TABLE, source="test")
SHAPE = RECIPE.input_shape


def prepared() -> Prepared:
    features = np.random.default_rng(0).standard_normal((20, 1, *SHAPE[:2])).astype(np.float16)
    train = FeatureTable(features, np.arange(20, dtype=np.int32) % 2, tuple(f"clip{i}" for i in range(20)), RECIPE.data.labels)
    none = FeatureTable(features[:0], train.labels[:0], (), train.label_names)
    return Prepared(train=train, validation=none, test=none, summary="noise")


@pytest.fixture
def run_dir(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.begin(RECIPE, {})
    folder.write_weights(build_model(RECIPE.model, SHAPE, 2, 1))
    return folder.path


def test_the_bundle_holds_the_forms_that_the_recipe_asks_for(run_dir, tmp_path):
    report = quantize(run_dir, prepared(), tmp_path / "bundle")
    bundle = read_bundle(tmp_path / "bundle")
    assert [model.form for model in bundle.manifest.models] == ["window", "stream", "resource"]
    window, stream, resource = bundle.manifest.models
    assert (window.input.shape, window.states, window.field_frames) == ((1, *SHAPE), (), 0)
    assert stream.input.shape == resource.input.shape == (1, STEP, *SHAPE[1:])
    assert stream.field_frames == resource.field_frames == SHAPE[0]
    assert stream.states == Interpreter(bundle.models["stream"]).inputs[1:]
    assert not resource.states

    frames = np.random.default_rng(1).integers(-128, 128, (1, 10 * STEP, *SHAPE[1:])).astype(np.int8)
    wanted = run_windows(bundle.models["window"], frames, STEP, "default")
    found, _ = run_stream(bundle.models["stream"], frames, "default")
    np.testing.assert_array_equal(found[-len(wanted) :], wanted)

    sizes = {form: len(content) for form, content in bundle.models.items()}
    assert report.form_bytes == sizes
    assert report.model_bytes == sizes["window"]
    assert bundle.manifest.provenance["quantize"]["form_bytes"] == sizes
    assert f"window {sizes['window']:,} bytes, stream {sizes['stream']:,} bytes, resource" in quantize_text(report)
    described = describe_quantization(json.loads(json.dumps(to_table(report))))
    assert ("Size, resource form", f"{sizes['resource']:,} bytes") in described.facts


def test_every_file_must_fit():
    made = files("ds_tc_resnet", STEP)
    limit = len(made.resource) - 1
    assert limit > max(len(made.window), len(made.stream))
    settings = dataclasses.replace(RECIPE.quantize, max_bytes=limit)
    with pytest.raises(ConversionError, match=rf"\(resource form\) has {limit + 1} bytes, .* allows {limit}"):
        convert_forms(simulated("ds_tc_resnet"), settings, STEP)


def test_a_step_that_the_stride_does_not_divide(run_dir, tmp_path):
    detect = dataclasses.replace(RECIPE.detect, step_ms=100.0)
    with pytest.raises(ConversionError, match=r"multiple of 2 frames.*found 5: detect\.step_ms"):
        quantize(run_dir, prepared(), tmp_path / "bundle", detect=detect)


@pytest.mark.parametrize("forms", [[], ["stream"], ["window", "stream", "stream"], ["window", "edgetpu"]])
def test_forms_are_known_and_the_window_is_among_them(forms):
    with pytest.raises(ConfigError, match="forms"):
        recipe_from_table({**TABLE, "quantize": {"forms": forms}}, source="test")


@pytest.mark.parametrize("model", [{"arch": "res_ds_cnn"}, {"arch": "ds_cnn", "causal": False}, {"arch": "bc_resnet"}])
def test_streaming_forms_need_a_causal_network(model):
    with pytest.raises(ConfigError, match=r"quantize\.forms.*stream, resource.*model\.causal = true"):
        recipe_from_table({**TABLE, "model": model}, source="test")


@pytest.mark.parametrize(
    "model",
    [
        {"arch": "ds_cnn", "causal": True},
        {"arch": "bc_resnet", "causal": True, "dilations": [1, 1, 1, 2]},
        {"arch": "ds_tc_resnet"},
        {"arch": "article_cnn"},
    ],
)
def test_what_pads_nothing_in_time_may_stream(model):
    recipe_from_table({**TABLE, "model": model}, source="test")


def test_recipes_keep_their_forms():
    assert recipe_from_table(recipe_table(RECIPE), source="test").quantize.forms == ("window", "stream", "resource")
    assert recipe_from_table({**TABLE, "quantize": {}}, source="test").quantize.forms == ("window",)
