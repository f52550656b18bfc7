"""A recogniser's recipe: tokens and decoding follow from other tables, mistakes are named, older recipes keep their hash."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_asr.errors import ConfigError
from edge_asr.training.recipe import load_recipe, recipe_from_table, recipe_hash, recipe_table
from edge_asr.training.speech_recipe import tokens_of

MODELS = Path(__file__).parents[2] / "models"
TABLE = {"name": "x", "speech": {"unit": "words", "words": ["yes", "no"]}, "model": {"arch": "ctc_net"}}


def recipe(**tables):
    return recipe_from_table({**TABLE, **tables}, source="r.toml")


def test_words_give_the_tokens_and_decoding_follows():
    made = recipe(decode={"beam": 4, "endpoint": {"hang_over_ms": 700}})
    assert made.data.labels == tokens_of(made).labels == ("_blank_", "yes", "no")
    assert made.input_shape == (None, 40, 1)
    assert (made.decode.unit, made.decode.language, made.decode.stride_frames, made.decode.beam) == ("words", "en", 2, 4)
    assert made.decode.endpoint.hang_over_ms == 700
    assert recipe_from_table(recipe_table(made), source="again") == made
    assert recipe_hash(made) != recipe_hash(recipe())


def test_a_closed_set_without_words_has_those_of_its_templates(tmp_path: Path):
    text = '{language: en, intents: {A: {data: [{sentences: ["turn [the] {what} (on|off)"]}]}}, lists: {what: {values: [lamp]}}}'
    (tmp_path / "a.yaml").write_text(text)
    speech = '[speech]\nunit = "words"\nscript = "templates"\ntemplates = "a.yaml"\n'
    (tmp_path / "recipe.toml").write_text('name = "x"\n' + speech + '[model]\narch = "ctc_net"\n')
    made = load_recipe(tmp_path)
    assert made.speech.words == ("lamp", "off", "on", "the", "turn")
    assert recipe_from_table(recipe_table(made), source="kept") == made  # a run folder names them
    assert load_recipe(tmp_path, ['speech.words=["on", "off"]']).speech.words == ("on", "off")
    (tmp_path / "a.yaml").unlink()
    with pytest.raises(ConfigError, match=r"a\.yaml"):
        load_recipe(tmp_path)


def test_characters_give_their_alphabet():
    labels = recipe(speech={"unit": "characters", "language": "de"}).data.labels
    assert labels[:2] == ("_blank_", " ")
    assert {"a", "z", "ä", "ß"} <= set(labels)


def test_phonemes_are_those_of_the_language():
    labels = recipe(speech={"unit": "phonemes"}).data.labels
    assert labels[0] == "_blank_"
    assert {"tʃ", "ð"} <= set(labels)
    with pytest.raises(ConfigError, match="'tlh'"):
        recipe(speech={"unit": "phonemes", "language": "tlh"})


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ({"decode": {"unit": "characters"}}, "'decode.unit' follows from .speech. and .model., which give 'words'"),
        ({"decode": {"stride_frames": 4}}, "'decode.stride_frames' follows .* give 2"),
        ({"decode": {"step_ms": 100.0}}, "'decode.step_ms' must make a multiple of the model's stride, 2 frames, found 100 ms"),
        ({"data": {"labels": ["yes", "no"]}}, "'data.labels' follows from .speech."),
        ({"data": {"reader": "fsdd"}}, "'data.reader' follows from .speech."),
        ({"model": {"arch": "ds_cnn"}}, "'model.arch' must be 'ctc_net' beside a .speech. table"),
        ({"wake": {"phrases": ["alexa"]}}, "a .wake. or a .speech. table, found both"),
        ({"speech": {"unit": "characters", "language": "tlh"}}, "found no letter"),
    ],
)
def test_mistakes(tables, says):
    with pytest.raises(ConfigError, match=says) as caught:
        recipe(**tables)
    assert str(caught.value).startswith("r.toml: ")


def test_other_recipes_have_neither_table_nor_network():
    keywords = {"name": "x", "data": {"reader": "fsdd", "labels": ["one", "two"]}, "model": {"arch": "ds_cnn"}}
    table = recipe_table(recipe_from_table(keywords, source="r"))
    assert "speech" not in table
    assert "decode" not in table
    with pytest.raises(ConfigError, match="expected a .speech. table beside it"):
        recipe_from_table({**keywords, "decode": {}}, source="r")
    with pytest.raises(ConfigError, match="'ctc_net', which writes tokens: expected a .speech. table"):
        recipe_from_table({**keywords, "model": {"arch": "ctc_net"}}, source="r")
    with pytest.raises(ConfigError, match="'data.reader' is 'speech': expected a .speech. table"):
        recipe_from_table({**keywords, "data": {"reader": "speech", "labels": ["one", "two"]}}, source="r")
    with pytest.raises(ConfigError, match="expected a .speech. table, found none"):
        tokens_of(recipe_from_table(keywords, source="r"))


def test_the_hash_of_a_recipe_from_before_recognisers_has_not_changed():
    # What its run folders and bundles carry; a run could not be resumed with another.
    assert recipe_hash(load_recipe(MODELS / "commands12")).startswith("f61aa2932a1ca520")
