"""Recordings of single words to a recogniser's bundle, by the functions and by the commands that users type."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.bundle.change import replace_asset
from edge_asr.bundle.store import read_bundle
from edge_asr.data.speech_material import SpeechPlaces
from edge_asr.data.speech_table import SpeechTable
from edge_asr.errors import ConfigError, TrainingError
from edge_asr.frontend import compute
from edge_asr.runtime.grammar import read_grammar
from edge_asr.runtime.speech_engine import load_speech_engine
from edge_asr.training import speech_pipeline
from edge_asr.training.ctc_loss import best_path
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.speech_compare import compare_speech
from edge_asr.training.speech_decoders import SHIPPED, UNREFUSED, decoders
from edge_asr.training.speech_pipeline import quantize_speech_run, train_speech_run
from edge_asr.training.speech_recipe import tokens_of
from edge_asr.training.speech_run_text import epoch_text, result_text
from edge_asr.training.text import quantize_text
from tests.data_room.sounds import RATE, word, write
from tests.training.test_pipeline import invoke
from tests.training.toy_speech import speech_data

RECIPE = """
name = "three"
[frontend]
norm_mean = [-5.0]
norm_scale = [4.0]
[speech]
unit = "words"
words = ["zero", "one", "two"]
recordings = false
strings = 120
string_words = [1, 3]
gap_ms = [50.0, 200.0]
held_percent = 20.0
telephone = 0.0
[augment]
copies = 0
time_masks = 0
frequency_masks = 0
noise_probability = 0.0
reverb_probability = 0.0
filter_probability = 0.0
speed = [1.0, 1.0]
[model]
arch = "ctc_net"
stem_channels = 8
channels = [48, 48]
kernels = [9]
dropout = 0.0
[train]
epochs = 8
batch_size = 8
learning_rate = 0.01
weight_averaging = 0.9
[quantize]
forms = ["window", "stream"]
representative_clips = 40
[decode]
beam = 4
"""
TEMPLATES = """
language: en
intents:
  Say:
    data:
      - sentences: ["one [two]"]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings, a recipe, a trained run of it, and a bundle."""
    folder = tmp_path_factory.mktemp("speech_pipeline")
    for digit, name in enumerate(("zero", "one", "two")):
        for take in range(12):
            write(folder / "fsdd" / f"{digit}_me_{take}.wav", word(name) * (0.8 + 0.03 * take))
    (folder / "recipe.toml").write_text(RECIPE)
    settings = {"cache_dir": folder / "cache", "workers": 1}
    train_speech_run(folder / "recipe.toml", SpeechPlaces((folder / "fsdd",)), folder / "run", **settings)
    report = quantize_speech_run(folder / "run", folder / "bundle", overrides=["decode.beam=7"], **settings)
    assert report.validation is not None
    assert report.validation.float_word_error_rate < 0.2  # tones without noise; silence alone would be 1
    assert abs(report.validation.int8_word_error_rate - report.validation.float_word_error_rate) < 0.1
    assert report.validation.agreement > 0.8
    assert f"int8 WER {report.validation.int8_word_error_rate:.2%}" in quantize_text(report)
    return folder


def test_the_bundle_writes_down_what_it_learnt(place: Path):
    engine = load_speech_engine(place / "bundle")
    assert engine.tokens == ("_blank_", "zero", "one", "two")
    said = np.concatenate([word("two"), np.zeros(RATE // 8, np.float32), word("zero"), np.zeros(RATE, np.float32)])
    assert [engine.tokens[token] for token in best_path(engine.log_probs(said))] == ["two", "zero"]


def test_int8_begins_each_utterance_after_silence(place: Path):
    folder = RunFolder(place / "run")
    recipe, model = folder.recipe(), read_bundle(place / "bundle").models["window"]
    names = ("zero", "one", "two") * 4
    sounds = [word(name)[RATE // 10 : -RATE // 8] for name in names]  # without a pause at either end
    frames = [compute(sound, recipe.frontend) for sound in sounds]
    starts = np.cumsum([0, *map(len, frames)])
    tokens = np.array([1, 2, 3] * 4, np.int32)
    table = SpeechTable(np.concatenate(frames).astype(np.float16), starts, tokens, np.arange(13), names, names)
    found = compare_speech(folder.model(), model, table, tokens_of(recipe), recipe)
    assert found is not None
    assert found.agreement > 0.9


def test_the_bundle_says_where_it_comes_from(place: Path):
    manifest = read_bundle(place / "bundle").manifest
    assert manifest.speech is not None
    assert (manifest.kind, manifest.speech.unit, manifest.speech.beam, manifest.clip_samples) == ("speech", "words", 7, 0)
    assert {model.form for model in manifest.models} == {"window", "stream"}
    told = manifest.provenance
    assert told["recipe"]["decode"]["beam"] == 7
    assert told["quantize"]["method"] == "ptq"
    assert {"float_word_error_rate", "int8_word_error_rate"} <= set(told["quantize"]["validation"])
    assert str(place) not in (place / "bundle" / "manifest.json").read_text()


def test_only_quantisation_and_decoding_may_be_changed_afterwards(place: Path, tmp_path: Path):
    settings = {"cache_dir": place / "cache", "workers": 1}
    with pytest.raises(TrainingError, match="train again"):
        quantize_speech_run(place / "run", tmp_path / "b", overrides=["train.epochs=9"], **settings)
    with pytest.raises(ConfigError, match="'decode.unit' follows"):
        quantize_speech_run(place / "run", tmp_path / "b", overrides=["decode.unit=characters"], **settings)
    with pytest.raises(TrainingError, match="--resume"):
        train_speech_run(place / "recipe.toml", SpeechPlaces((tmp_path / "nowhere",)), place / "run", **settings)
    assert not (tmp_path / "b").exists()


def test_qat_learns_on_from_the_ctc_loss_with_recordings_that_have_moved(place: Path, tmp_path: Path):
    assert RunFolder(place / "run").info()["places"]["data"] == [str(place / "fsdd")]
    moved = (place / "fsdd").rename(tmp_path / "fsdd")
    settings = {"cache_dir": place / "cache", "workers": 1, "overrides": ["quantize.method=qat", "quantize.qat_epochs=1"]}
    try:
        report = quantize_speech_run(place / "run", tmp_path / "fine", places=SpeechPlaces((moved,)), **settings)
    finally:
        moved.rename(place / "fsdd")
    assert report.method == "qat"
    assert report.validation is not None
    assert report.validation.int8_word_error_rate < 0.25
    before, after = (read_bundle(folder).models["window"] for folder in (place / "bundle", tmp_path / "fine"))
    assert before != after


def test_templates_come_with_the_run_and_their_grammar_with_the_bundle(place: Path, tmp_path: Path, monkeypatch):
    text = RECIPE.replace("strings = 120", 'script = "templates"\ntemplates = "texts/said.yaml"').replace(
        "epochs = 8", "epochs = 2"
    )
    (tmp_path / "recipe.toml").write_text(text)
    templates = tmp_path / "texts" / "said.yaml"
    templates.parent.mkdir()
    templates.write_text(TEMPLATES)
    asked = []

    def prepare(spec, augment, frontend, places, **_):
        asked.append(places)
        prepared = speech_data(RunFolder(place / "run").recipe(), rows=40)
        return replace(prepared, tokens=replace(prepared.tokens, labels=("_blank_", "zero", "one", "two")))

    monkeypatch.setattr(speech_pipeline, "prepare_speech", prepare)
    settings = {"cache_dir": tmp_path / "cache", "workers": 1}
    train_speech_run(tmp_path / "recipe.toml", SpeechPlaces(), tmp_path / "run", **settings)
    templates.unlink()
    quantize_speech_run(tmp_path / "run", tmp_path / "bundle", **settings)
    assert [places.templates for places in asked] == [templates, tmp_path / "run" / "said.yaml"]
    bundle = read_bundle(tmp_path / "bundle")
    assert read_grammar(bundle.assets["grammar"]).parses(["one", "two"])
    assert bundle.manifest.provenance["assets"] == {"grammar": bundle.manifest.assets[0].sha256}


def test_phonemes_get_words_from_the_templates_in_the_bundle(place: Path, tmp_path: Path):
    text = RECIPE.replace('unit = "words"\nwords = ["zero", "one", "two"]', 'unit = "phonemes"\nscript = "templates"')
    (tmp_path / "recipe.toml").write_text(text.replace("strings = 120", 'strings = 40\ntemplates = "said.yaml"'))
    (tmp_path / "said.yaml").write_text(TEMPLATES)
    settings = {"cache_dir": place / "cache", "workers": 1, "overrides": ["train.epochs=2"]}
    result = train_speech_run(tmp_path / "recipe.toml", SpeechPlaces((place / "fsdd",)), tmp_path / "run", **settings)
    said = {phoneme for sample in result.history[-1].samples for phoneme in sample.said.split()}
    assert said <= {*["z", "ɪ", "ɹ", "oʊ", "w", "ʌ", "n", "t", "u"]}
    assert {"z", "w"} & said
    assert "WER" not in epoch_text(result.history[-1]) + result_text(result)
    assert "PER" in epoch_text(result.history[-1])
    report = quantize_speech_run(tmp_path / "run", tmp_path / "bundle", cache_dir=place / "cache", workers=1)
    assert "int8 PER" in quantize_text(report)
    engine = load_speech_engine(tmp_path / "bundle")
    decoder = engine.decoder()
    frames = np.full((9, len(engine.tokens)), -9.0, np.float32)
    for at, phoneme in enumerate(["_blank_", "w", "ʌ", "n", "_blank_", "t", "_blank_", "u", "_blank_"]):
        frames[at, engine.tokens.index(phoneme)] = 0.0
    decoder.advance(frames)
    assert (decoder.finish().text, decoder.finish().intent) == ("one two", "Say")
    assert list(decoders(engine)) == [SHIPPED, UNREFUSED]
    (tmp_path / "bundle" / "manifest.json").write_text(without_assets(tmp_path / "bundle" / "manifest.json"))
    with pytest.raises(ConfigError, match="no grammar that makes words"):
        decoders(load_speech_engine(tmp_path / "bundle"))


def without_assets(manifest: Path) -> str:
    return json.dumps({**json.loads(manifest.read_text()), "assets": []})


def test_commands(place: Path, tmp_path: Path):
    run, data = str(tmp_path / "run"), str(place / "fsdd")
    changes = ("--set", "train.epochs=2", "--set", "speech.strings=60")
    said = invoke("train", "--recipe", str(place), "--data", data, "--data", data, "--run", run, *changes, cwd=tmp_path)
    assert said.returncode == 0, said.stderr[-2000:]
    assert "epoch 2: loss" in said.stdout
    assert "said '" in said.stdout
    assert "s of audio learnt from in a second" in said.stdout
    shutil.copytree(place / "bundle", tmp_path / "run" / "bundle")
    replace_asset(tmp_path / "run" / "bundle", "lm", "lm.arpa.gz", b"somebody's model")
    said = invoke("quantize", "--run", run, cwd=tmp_path)
    assert said.returncode == 0, said.stderr[-2000:]
    assert "kept the language model lm.arpa-" in said.stdout
    written = read_bundle(tmp_path / "run" / "bundle")
    assert written.manifest.provenance["recipe"]["speech"]["strings"] == 60
    assert written.assets == {"lm": b"somebody's model"}
    assert "float WER" in said.stdout
    assert json.loads((tmp_path / "run" / "bundle" / "manifest.json").read_text())["kind"] == "speech"
    said = invoke("train", "--recipe", str(place), "--data", data, "--run", run, cwd=tmp_path, TF_CONFIG="nonsense")
    assert said.returncode == 2
    assert "expected TF_CONFIG like" in said.stderr
    said = invoke("train", "--recipe", "spoken_digits", "--data", data, "--data", data, cwd=Path(__file__).parents[2])
    assert said.returncode == 2
    assert "expected --data once" in said.stderr
