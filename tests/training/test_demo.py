from __future__ import annotations

import subprocess
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.bundle.store import read_bundle
from edge_asr.data.audio_file import read_audio
from edge_asr.data.voices.voice import SpokenWord
from edge_asr.runtime.events import Detection
from edge_asr.training.demo import SETTINGS, demo_recipe, run_demo
from edge_asr.training.talk import heard, make_talk
from tests.training.wake_toys import SETTINGS as SMALL
from tests.training.wake_toys import few_texts

pytest.importorskip("espeakng_loader", reason="needs the 'synth' extra (espeakng-loader)")


def test_its_recipe_is_the_wake_words_own_but_shorter() -> None:
    whole, short = demo_recipe(()), demo_recipe(SETTINGS)
    assert whole.wake is not None
    assert short.wake is not None
    assert short.wake.labels == whole.wake.labels == ("_unknown_", "computer")
    assert short.model == whole.model
    assert short.train.epochs < whole.train.epochs
    assert short.wake.positives < whole.wake.positives


def test_a_detection_counts_only_at_its_time() -> None:
    stop = SpokenWord("stop", 2.0, 2.4)
    early, other, fitting = Detection("stop", 0.5, 1.5, 0.9), Detection("go", 1.6, 2.6, 0.9), Detection("stop", 1.6, 2.6, 0.9)
    assert heard(stop, [early, other]) is None
    assert heard(stop, [early, other, fitting]) is fitting


def test_makes_bundle_and_talk_and_goes_on_from_them(tmp_path: Path) -> None:
    recipe = replace(demo_recipe((*SMALL, "wake.test_percent=20", "wake.mining_rounds=0")), name="demo")
    lines: list[str] = []
    with few_texts():
        result = run_demo(tmp_path, say=lines.append, recipe=recipe, workers=1)
        assert read_bundle(result.wake.bundle).manifest.labels == ("_unknown_", "computer")
        with wave.open(str(result.talk_file)) as file:
            assert 40 < file.getnframes() / file.getframerate() < 62
        text = "\n".join(lines)
        for part in ("1/2", "2/2", "Would help", str(result.wake.bundle), "edge-asr listen --bundle", "train --phrase", " of "):
            assert part in text
        subprocess.run(lines[-1].removeprefix("Try next:").split(), check=True, timeout=240)
        again = run_demo(tmp_path, recipe=recipe, workers=1)
    assert again.detections == result.detections
    check_talk(result.talk_file, result.talk.words)
    voices = {one.phrase.voice.speaker for one in result.wake.collected.spoken.of("test")}
    learnt = {one.phrase.voice.speaker for one in result.wake.collected.spoken.of("train")}
    assert voices
    assert not voices & learnt
    other = make_talk(result.wake.collected.spoken, ("_unknown_", "computer"), 20.0, 16000, seed=2)
    assert len(other.samples) < len(result.talk.samples)


def check_talk(file: Path, words: tuple[SpokenWord, ...]) -> None:
    samples = read_audio(file, 16000)
    assert len(words) >= 3
    for word in words:
        assert word.text == "computer"
        inside = samples[round(word.start * 16000) : round(word.end * 16000)]
        before = samples[round((word.start - 0.15) * 16000) : round((word.start - 0.05) * 16000)]
        assert np.abs(inside).max() > 0.05
        assert np.abs(before).max() < 0.01  # a pause
