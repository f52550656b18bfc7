"""Recipes: the shipped ones load, mistakes are named, and whatever a file holds, only ConfigError comes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_asr.errors import ConfigError
from edge_asr.training.recipe import TABLES, load_recipe, recipe_from_table, recipe_hash, recipe_table

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(ROOT.glob("models/**/*.toml"))
MINIMAL = {
    "name": "tiny",
    "data": {"reader": "folder", "labels": ["yes", "no"]},
    "model": {"arch": "ds_cnn"},
}


WAKE = {"name": "w", "wake": {"phrases": ["Smart  mirror", "alexa"]}, "model": {"arch": "ds_tc_resnet"}}
LONG = {"window_ms": 200.0, "fft_length": 4096}


def changed(**tables):
    return {**MINIMAL, **tables}


def test_there_are_shipped_recipes():
    assert {p.parent.name for p in SHIPPED} >= {"commands12", "spoken_digits", "wake"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: str(p.relative_to(ROOT)))
def test_shipped_recipes_load_and_survive_a_table(path):
    recipe = load_recipe(path)
    assert recipe_from_table(recipe_table(recipe), source="copy") == recipe


def test_hash_follows_what_matters():
    recipe = recipe_from_table(MINIMAL, source="r")
    assert recipe_hash(recipe) == recipe_hash(recipe_from_table(changed(name="other"), source="r"))
    assert recipe_hash(recipe) != recipe_hash(recipe_from_table(changed(train={"seed": 2}), source="r"))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (changed(trian={}), "unknown key 'trian'"),
        (changed(train={"epoch": 1}), "unknown key 'train.epoch'; did you mean 'epochs'"),
        (changed(frontend={"preset": "nope"}), "'frontend.preset' must be one of psf, dscnn, logmel40"),
        (changed(frontend={"hop_ms": 50.0}), r"\[frontend\] hop_ms must be at most window_ms"),
        (changed(data={"reader": "folder"}), "'data.labels' is missing"),
        (changed(data={"reader": "folder", "labels": ["yes"]}), "at least two different names"),
        (changed(data={"reader": "folder", "labels": ["_silence_", "_unknown_"]}), "at least one word"),
        (changed(data={"reader": "zip", "labels": ["a", "b"]}), "'data.reader' must be one of"),
        (changed(model={}), "'model.arch' must be one of"),
        (changed(model={"arch": "ds_cnn", "size": "xxl"}), "'model.size' must be one of s, m, l"),
        (changed(augment={"snr_db": [10.0, 0.0]}), "snr_db must be .low, high."),
        (changed(train={"epochs": 0}), "'train.epochs' must be at least 1"),
        (changed(train={"epochs": 3, "warmup_epochs": 3.0}), "warmup_epochs must be below epochs"),
        (changed(train={"early_stopping_epochs": 3}), "early_stopping_epochs needs schedule"),
        (changed(detect={"thresholds": {"maybe": 0.5}}), "thresholds.*maybe"),
        (changed(data={**MINIMAL["data"], "clip_seconds": 0.1}, frontend=LONG), "clip_seconds"),
        (changed(name="../x"), "'name' must be letters"),
        (changed(train=5), "'train' must be a table"),
        (changed(data={"reader": "wake", "labels": ["a", "b"]}), r"expected a \[wake\] table"),
        ({**WAKE, "wake": {}}, "'wake.phrases' is missing"),
        ({**WAKE, "wake": {"phrases": []}}, r"\[wake\] phrases must name at least one"),
        ({**WAKE, "wake": {"phrases": ["smart mirror", "Smart Mirror"]}}, "phrases must be different"),
        ({**WAKE, "wake": {"phrases": ["_unknown_"]}}, "expected a phrase of words"),
        ({**WAKE, "wake": {"phrases": ["a"], "end_ms": [300.0, 0.0]}}, "end_ms must be .low, high."),
        ({**WAKE, "wake": {"phrases": ["a"], "gone_ms": [200.0, 900.0]}}, "gone_ms must begin behind"),
        ({**WAKE, "voices": {}}, r"\[voices\] is beside a data set of recordings, \[wake\] says itself"),
        (changed(voices={"takes": -1}), "'voices.takes' must be at least 0"),
        ({**WAKE, "data": {"labels": ["a", "b"]}}, "'data.labels' follows from wake.phrases"),
        ({**WAKE, "data": {"reader": "folder"}}, "'data.reader' follows from wake.phrases"),
    ],
)  # fmt: skip
def test_mistakes(table, says):
    with pytest.raises(ConfigError, match=says) as caught:
        recipe_from_table(table, source="models/x/recipe.toml")
    assert "models/x/recipe.toml" in str(caught.value)


def test_phrases_give_the_labels():
    recipe = recipe_from_table(WAKE, source="w")
    assert recipe.data.labels == ("_unknown_", "smart_mirror", "alexa")
    assert recipe_from_table(recipe_table(recipe), source="again") == recipe


def test_older_recipes_have_no_trace_of_it():
    assert "wake" not in recipe_table(recipe_from_table(MINIMAL, source="r"))


def test_set_goes_through_the_same_check(tmp_path):
    file = tmp_path / "recipe.toml"
    file.write_text('name = "a"\n[data]\nreader = "folder"\nlabels = ["x", "y"]\n[model]\narch = "ds_cnn"\n')
    assert load_recipe(tmp_path, ["train.epochs=5"]).train.epochs == 5
    with pytest.raises(ConfigError, match=r"train.epochs"):
        load_recipe(tmp_path, ["train.epochs=many"])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["psf", "ds_cnn", "folder"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WORDS = """preset labels reader arch epochs snr_db threshold hop_ms window_ms fft_length norm_mean sample_rate mel_bands mfcc
channels thresholds teachers"""
KEYS = st.sampled_from(WORDS.split())


@settings(max_examples=300)
@given(
    table=st.dictionaries(st.sampled_from([*TABLES, "name", "x"]), st.dictionaries(KEYS, VALUES, max_size=4) | VALUES, max_size=7)
)
def test_any_table_gives_a_recipe_or_a_config_error(table):
    try:
        recipe_from_table({**MINIMAL, **table}, source="fuzz")
    except ConfigError as err:
        assert str(err).startswith("fuzz")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(content=st.binary(max_size=200) | st.text(alphabet="[]=\"'.\n#ab1 {},", max_size=80).map(str.encode))
def test_any_file_gives_a_recipe_or_a_config_error(tmp_path, content):
    file = tmp_path / "recipe.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError):  # nothing this short is a whole recipe
        load_recipe(file)
