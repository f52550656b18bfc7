"""A folder of recordings to a bundle and its judgement, by the functions and by the commands that users type."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.data.readers import read_dataset
from edge_asr.errors import ConfigError, DataError, TrainingError
from edge_asr.training.judge import judge_bundle
from edge_asr.training.pipeline import TEACHERS_SAY, prepare_dataset, quantize_run, train_run
from edge_asr.training.recipe import load_recipe
from edge_asr.training.run_folder import RunFolder
from edge_asr.training.text import evaluation_text, quantize_text
from tests.data_room.sounds import noise, write
from tests.runtime.tones import tones

ROOT = Path(__file__).parents[2]
RECIPE = """
name = "small"
[data]
reader = "speech_commands"
labels = ["yes", "no", "_unknown_", "_silence_"]
silence_percent = 50.0
unknown_percent = 50.0
[augment]
copies = 1
noise_probability = 0.0
speed = [1.0, 1.0]
[model]
arch = "res_ds_cnn"
stem_channels = 8
stem_stride = [4, 4]
channels = [16]
[train]
epochs = 12
batch_size = 20
per_keyword = 40
per_unknown = 40
per_silence = 40
learning_rate = 0.02
[quantize]
representative_clips = 40
"""


def invoke(*words: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "invoke", "--search-root", str(ROOT), *words]
    return subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=240)


def recordings(root: Path, speakers: int) -> None:
    """Speech Commands' layout: every speaker says yes and no as two tones, and bed as noise."""
    for speaker in range(speakers):
        for number, word in enumerate(("yes", "no", "bed")):
            said = [] if word == "bed" else [(0.1 + 0.005 * speaker, word)]
            write(root / word / f"{speaker:08x}_nohash_0.wav", tones(1.0, said, seed=3 * speaker + number) / 32768)
    (root / "yes" / "ffffffff_nohash_9.wav").write_bytes(b"RIFF, but no more")
    write(root / "_background_noise_" / "hiss.wav", noise(12.0, 1, level=0.001))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings, a recipe, a trained run of it, and a bundle."""
    folder = tmp_path_factory.mktemp("pipeline")
    recordings(folder / "data", speakers=30)
    (folder / "recipe.toml").write_text(RECIPE)
    settings = {"cache_dir": folder / "cache", "workers": 1}
    train_run(folder / "recipe.toml", folder / "data", folder / "run", **settings)
    report = quantize_run(folder / "run", folder / "data", folder / "bundle", **settings)
    assert report.validation is not None
    assert report.validation.int8_accuracy > 0.5  # four classes of tones: chance is 0.25
    text = quantize_text(report)
    assert f"{report.model_bytes:,} bytes" in text
    assert "CONV_2D" in text
    return folder


def test_a_student_learns_from_a_teacher_and_resumes_without_asking_again(place: Path):
    recipe = place / "student.toml"
    recipe.write_text(RECIPE.replace("[train]", '[train]\nteachers = ["bundle"]').replace("epochs = 12", "epochs = 2"))
    settings = {"cache_dir": place / "cache", "workers": 1}
    train_run(recipe, place / "data", place / "student", **settings)
    said = np.load(place / "student" / TEACHERS_SAY)
    assert said.shape[1:] == (2, 4)
    heard: list[str] = []
    train_run(recipe, place / "data", place / "student", resume=True, **settings, progress=lambda what, *_: heard.append(what))
    assert not [what for what in heard if "teacher" in what]
    quantize_run(
        place / "student", place / "data", place / "fine", overrides=["quantize.method=qat", "detect.threshold=0.6"], **settings
    )
    manifest = read_bundle(place / "fine").manifest
    assert manifest.detect.threshold == manifest.provenance["recipe"]["detect"]["threshold"] == 0.6
    assert manifest.provenance["quantize"]["method"] == "qat"


def test_a_run_begins_with_another_and_its_bundle_says_so(place: Path):
    recipe = place / "on.toml"
    recipe.write_text(RECIPE.replace("epochs = 12", "epochs = 1\nwarmup_epochs = 0.0").replace("0.02", "1e-6"))
    settings = {"cache_dir": place / "cache", "workers": 1}
    result = train_run(recipe, place / "data", place / "on", begin_with=place / "run", **settings)
    before = RunFolder(place / "run").history()
    assert result.history[0].accuracy > before[0].accuracy + 0.2
    quantize_run(place / "on", place / "data", place / "on-bundle", **settings)
    provenance = read_bundle(place / "on-bundle").manifest.provenance
    assert provenance["began_with"]["name"] == RunFolder(place / "run").recipe().name
    with pytest.raises(ConfigError, match="nothing"):
        train_run(recipe, place / "no data", place / "new", begin_with=place / "nothing", **settings)


VOICES = """
[voices]
engines = ["espeak"]
takes = 3
other_takes = 4
near_miss_takes = 0
"""


def test_voices_speak_beside_the_recordings(place: Path):
    recipe = place / "voices.toml"
    recipe.write_text(RECIPE.replace("[train]", '[train]\nteachers = ["bundle"]').replace("epochs = 12", "epochs = 2") + VOICES)
    settings = {"cache_dir": place / "cache", "workers": 1}
    train_run(recipe, place / "data", place / "voiced", piper_voices=place / "nowhere", **settings)
    info = RunFolder(place / "voiced").info()
    assert info["spoken"]["spoken"] == 10 == sum(voice["phrases"] for voice in info["spoken"]["voices"])
    assert info["spoken"]["seed"] == 1
    assert info["piper_voices"] == str(place / "nowhere")  # where `invoke quantize` looks for them again
    assert all("GPL" in voice["licence"] for voice in info["spoken"]["voices"])
    assert "10 takes by" in info["data"]
    said = np.load(place / "voiced" / TEACHERS_SAY)
    loaded = load_recipe(recipe)
    table = prepare_dataset(loaded, read_dataset(loaded.data, place / "data"), **settings).train
    spoken = np.array([name.startswith("_voices_/") for name in table.ids])
    assert spoken.sum() == 10
    assert len(said) == len(table.ids)
    # The teacher has heard tones only; what voices were told to say is certain.
    np.testing.assert_array_equal(said[spoken].argmax(axis=-1), np.repeat(table.labels[spoken], 2).reshape(10, 2))
    report = quantize_run(place / "voiced", place / "data", place / "voiced-bundle", **settings)
    assert report.validation is not None
    assert "10 takes by" in json.dumps(read_bundle(place / "voiced-bundle").manifest.provenance)


def test_a_run_is_not_touched_by_another(place: Path):
    recipe = place / "student.toml"
    before = (place / "student" / TEACHERS_SAY).stat().st_mtime_ns
    with pytest.raises(TrainingError, match="--resume"):
        # Refused before minutes of preparing: nobody gets as far as the missing recordings.
        train_run(recipe, place / "nowhere", place / "student", cache_dir=place / "cache", workers=1)
    assert (place / "student" / TEACHERS_SAY).stat().st_mtime_ns == before


def test_answers_without_a_finished_epoch_are_not_trusted(place: Path):
    recipe = place / "student.toml"
    left = place / "left" / TEACHERS_SAY
    left.parent.mkdir()
    np.save(left, np.zeros(3, np.float16))
    train_run(recipe, place / "data", left.parent, resume=True, cache_dir=place / "cache", workers=1)
    np.testing.assert_array_equal(np.load(left), np.load(place / "student" / TEACHERS_SAY))


def test_only_quantisation_may_be_changed_afterwards(place: Path):
    settings = {"cache_dir": place / "cache", "workers": 1}
    with pytest.raises(TrainingError, match="train again"):
        quantize_run(place / "run", place / "data", place / "b", overrides=["train.epochs=9"], **settings)
    with pytest.raises(ConfigError, match="quantize.method"):
        quantize_run(place / "run", place / "data", place / "b", overrides=["quantize.method=magic"], **settings)
    assert not (place / "b").exists()


def test_the_bundle_names_no_path_of_this_machine(place: Path):
    manifest = (place / "bundle" / "manifest.json").read_text()
    assert "yes/ffffffff_nohash_9.wav" in manifest  # left out, and named
    assert str(place) not in manifest


def test_a_data_set_is_judged_with_page_and_json(place: Path):
    evaluation = judge_bundle(
        place / "bundle",
        place / "data",
        reader="speech_commands",
        run_dir=place / "run",
        report=place / "report.html",
        json_file=place / "result.json",
    )
    result = json.loads((place / "result.json").read_text())
    assert result["clips"] == evaluation.clips == sum(map(sum, result["confusion"])) > 5
    assert result["accuracy"]["value"] == evaluation.accuracy.value
    assert "95 % interval" in evaluation_text(evaluation)
    HTMLParser().feed((place / "report.html").read_text())
    assert len(RunFolder(place / "run").history()) == 12


def test_wrong_split(place: Path):
    with pytest.raises(ConfigError, match="train, validation, test"):
        judge_bundle(place / "bundle", place / "data", reader="speech_commands", split="tset")


def test_commands_judge_a_folder_of_labels(tiny_bundle: Bundle, tmp_path: Path):
    for number in range(3):
        for label in ("yes", "no"):
            write(tmp_path / "clips" / label / f"a{number}_0.wav", tones(1.0, [(0.1, label)], seed=number) / 32768)
        write(tmp_path / "clips" / "other" / f"a{number}_0.wav", tones(1.0, [], seed=number) / 32768)
    result = invoke(
        *("evaluate", "--bundle", str(tiny_bundle.path), "--data", str(tmp_path / "clips")),
        *("--json", str(tmp_path / "r.json"), "--report", str(tmp_path / "r.html")),
    )
    assert result.returncode == 0, result.stderr
    assert "accuracy 100.0 %" in result.stdout
    assert "not a label of the bundle" in result.stdout
    assert json.loads((tmp_path / "r.json").read_text())["clips"] == 6
    assert (tmp_path / "r.html").stat().st_size > 1000


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["train", "--set", "train.epochs=many"], "'train.epochs' must be a whole number, found 'many'"),
        (["train", "--set", "train.epochs=2", "--set", "train.sed=3"], "unknown key 'train.sed'"),
        (["train", "--data", "nowhere"], "nowhere"),
        (["train", "--recipe", "nowhere"], "nowhere"),
        (["train"], "EDGE_ASR_DATA"),
        (["train", "--phrase", "???", "--recipe", str(ROOT / "models" / "wake")], "expected a phrase of words"),
        (["train", "--phrase", "hey", "--recipe", "models/commands12"], "wake"),
        (["train", "--data", ".", "--begin-with", "nowhere"], "nowhere"),
        (["train", "--recipe", str(ROOT / "models" / "home"), "--begin-with", "nowhere"], "expected a recipe of commands"),
        (["quantize", "--run", "nowhere"], "nowhere"),
        (["evaluate", "--bundle", "nowhere", "--data", "."], "nowhere"),
    ],
)
def test_commands_fail_in_one_line(words: list[str], says: str, tmp_path: Path):
    (tmp_path / "models" / "commands12").mkdir(parents=True)
    (tmp_path / "models" / "commands12" / "recipe.toml").write_text(RECIPE)
    environment = {key: value for key, value in os.environ.items() if key != "EDGE_ASR_DATA"}
    command = [sys.executable, "-m", "invoke", "--search-root", str(ROOT), *words]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
    assert result.returncode == 2
    errors = [line for line in result.stderr.splitlines() if "error:" in line]
    assert len(errors) == 1
    assert says in errors[0]
    assert "Traceback" not in result.stderr


def test_a_folder_that_cannot_be_written_is_one_error(tiny_bundle: Bundle, tmp_path: Path):
    write(tmp_path / "clips" / "yes" / "a_0.wav", tones(1.0, [(0.1, "yes")]) / 32768)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="can't be written"):
        judge_bundle(tiny_bundle.path, tmp_path / "clips", json_file=tmp_path / "file" / "r.json")
