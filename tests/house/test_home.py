"""The commands of a home, said by a synthetic voice: the shipped bundle from sound to meaning, and another grammar on it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.audio_file import read_audio
from edge_asr.data.voices import find_engines
from edge_asr.data.voices.jobs import PhraseJob
from edge_asr.data.voices.phrases import speak_phrases
from edge_asr.data.voices.voice import Delivery
from edge_asr.runtime.ctc.hypothesis import Slot, Transcript
from edge_asr.runtime.speech_engine import load_speech_engine
from edge_asr.tasks.speech import put_grammar

VOICE = "en-gb+david"
"""Of eSpeak; its speaker taught nothing (`data.voice_splits`)."""
HOME = Path(__file__).parents[2] / "models" / "home"
OWN = """
language: en
intents:
  Feed:
    data:
      - sentences: ["feed the {pet}"]
lists:
  pet:
    values: [elephant, hamster, crocodile]
"""


def heard(bundle: Path, text: str, folder: Path) -> Transcript:
    """What `bundle` makes of `text`, said by `VOICE`, with silence around it."""
    (espeak,) = (engine for engine in find_engines("en") if engine.name == "espeak")
    (voice,) = (voice for voice in espeak.voices if voice.name == VOICE)
    (phrase,) = speak_phrases([PhraseJob(text, voice, Delivery())], folder)
    engine = load_speech_engine(bundle)
    silence = np.zeros(engine.sample_rate // 2, np.float32)
    decoder = engine.decoder()
    decoder.advance(engine.log_probs(np.concatenate([silence, read_audio(phrase.path, engine.sample_rate), silence])))
    return decoder.finish()


@pytest.mark.parametrize(
    ("text", "intent", "slots"),
    [
        ("turn on the kitchen light", "HassTurnOn", {Slot("area", "kitchen"), Slot("domain", "light")}),
        ("set a timer for five minutes please", "HassStartTimer", {Slot("minutes", "5")}),
        (
            "make it warmer in the living room",
            "HassClimateSetTemperature",
            {Slot("area", "living room"), Slot("temperature_step", "up")},
        ),
    ],
)
def test_commands_are_understood(text: str, intent: str, slots: set[Slot], tmp_path: Path) -> None:
    said = heard(HOME, text, tmp_path)
    assert (said.text, said.rejected) == (text, "")
    assert (said.intent, {*said.slots}) == (intent, slots)


def test_other_sentences_are_refused(tmp_path: Path) -> None:
    assert "not in the grammar" in heard(HOME, "what is the weather in paris tomorrow", tmp_path).rejected


def test_a_grammar_of_ones_own_needs_no_training(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN)
    bundle = shutil.copytree(HOME, tmp_path / "bundle")
    put_grammar(tmp_path / "own.yaml", bundle)
    said = heard(bundle, "feed the crocodile", tmp_path)
    assert (said.text, said.slots) == ("feed the crocodile", (Slot("pet", "crocodile"),))
    assert heard(bundle, "turn on the kitchen light", tmp_path).rejected
