from __future__ import annotations

import subprocess
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.bundle.store import Bundle, ManifestDraft, ModelPart, write_bundle
from edge_asr.data.voices import SpokenWord, find_voice
from edge_asr.data.voices.word_set import WordSet
from edge_asr.runtime.engine import Engine, load_engine
from edge_asr.runtime.events import Detection
from edge_asr.training.demo import RECIPE, heard, run_demo, speak_dialogue
from edge_asr.training.demo_words import COMMANDS, DIALOGUE, OTHERS, WORDS
from edge_asr.training.recipe import Recipe, load_recipe
from tests.conftest import TINY_MODEL

pytest.importorskip("espeakng_loader", reason="needs the 'synth' extra (espeakng-loader)")


@pytest.fixture
def engine(tiny_bundle: Bundle, tmp_path: Path) -> Engine:
    """The tone detector, with two of the demo's words as its labels."""
    tones = load_engine(tiny_bundle)
    draft = ManifestDraft("words", ("_silence_", "_unknown_", "lights", "stop"), tones.manifest.frontend)
    part = ModelPart(TINY_MODEL.read_bytes(), tones.interpreter.input, tones.interpreter.output)
    return load_engine(write_bundle(tmp_path / "words", draft, {"window": part}))


def small() -> tuple[Recipe, WordSet]:
    """The demo with few clips and two epochs."""
    settings = ["augment.copies=1", "train.epochs=2", "train.warmup_epochs=0.5", "train.per_keyword=6", "train.per_unknown=12"]
    settings += ["train.per_silence=6", "train.batch_size=8", "quantize.representative_clips=20"]
    words = replace(WORDS, speakers=WORDS.speakers[:6], labels=tuple(replace(label, takes=1) for label in WORDS.labels))
    return load_recipe(RECIPE, settings), words


def test_words_and_recipe_fit_together() -> None:
    recipe = load_recipe(RECIPE)
    assert recipe.data.labels == ("_silence_", "_unknown_", *COMMANDS)
    assert [label.label for label in WORDS.labels] == [*COMMANDS, "_unknown_"]
    assert not set(COMMANDS) & set(OTHERS)
    assert not any(command in carrier.split() for command in COMMANDS for carrier in WORDS.carriers)
    said = " ".join(text.lower() for _, text in DIALOGUE)
    assert all(command in said for command in COMMANDS)


def test_voices_exist_and_the_dialogues_are_not_trained_on() -> None:
    for accent in WORDS.accents:
        for speaker in WORDS.speakers:
            assert find_voice(f"{accent}+{speaker}").language == accent
    assert len(set(WORDS.speakers)) == len(WORDS.speakers)
    for voice, _ in DIALOGUE:
        assert find_voice(voice).name.partition("+")[2] not in WORDS.speakers


def test_dialogue_knows_when_its_words_are_said(engine: Engine) -> None:
    dialogue = speak_dialogue([("en-us+m3", "Turn on the lights."), ("en-gb+f4", "Stop! Lights off.")], engine)
    assert [word.text for word in dialogue.keywords] == ["lights", "stop", "lights"]
    for word in dialogue.keywords:
        inside = dialogue.samples[int(word.start * 16000) : int(word.end * 16000)]
        assert 0.1 < word.end - word.start < 1.0
        assert np.abs(inside).max() > 0.05
    between = dialogue.samples[int(dialogue.keywords[0].end * 16000) : int(dialogue.keywords[1].start * 16000)]
    assert len(between) >= 0.4 * 16000
    assert np.sqrt(np.mean(between**2)) < 0.01


def test_a_detection_counts_only_at_its_time() -> None:
    stop = SpokenWord("stop", 2.0, 2.4)
    early, other, fitting = Detection("stop", 0.5, 1.5, 0.9), Detection("go", 1.6, 2.6, 0.9), Detection("stop", 1.6, 2.6, 0.9)
    assert heard(stop, [early, other]) is None
    assert heard(stop, [early, other, fitting]) is fitting


def test_makes_bundle_report_and_dialogue_and_goes_on_from_them(tmp_path: Path) -> None:
    recipe, words = small()
    lines: list[str] = []
    steps: set[str] = set()
    result = run_demo(tmp_path, lambda what, done, total: steps.add(what), lines.append, recipe=recipe, words=words, workers=1)
    assert load_engine(result.bundle).labels == recipe.data.labels
    assert result.report.read_text("utf-8").startswith("<!doctype html>")
    assert result.evaluation.clips > 0
    assert [word.text for word in result.keywords] == ["computer", "lights", "kitchen", "window", "music", "stop"]
    with wave.open(str(result.dialogue_file)) as file:
        assert file.getnframes() / file.getframerate() > result.keywords[-1].end
    text = "\n".join(lines)
    for part in (
        "1/5",
        "5/5",
        str(result.bundle),
        str(result.report),
        "edge-asr listen --bundle",
        f"{len(COMMANDS)} words heard",
    ):
        assert part in text
    assert {"speaking", "features", "evaluating"} <= steps
    command = lines[-1].removeprefix("Try next:").split()
    subprocess.run(command, check=True, timeout=60)
    weights = (tmp_path / "run" / "weights.npz").stat().st_mtime_ns
    again = run_demo(tmp_path, say=lines.append, recipe=recipe, words=words, workers=1)
    assert (tmp_path / "run" / "weights.npz").stat().st_mtime_ns == weights
    assert (again.detections, again.evaluation.model_sha256) == (result.detections, result.evaluation.model_sha256)
