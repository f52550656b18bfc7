"""The clip of a self-test: the bundle surely hears it, on any kernels, and it comes out the same each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.bundle.change import rewrite_manifest
from edge_asr.bundle.speech import SpeechDecodeSpec
from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.data.voices import Engine
from edge_asr.deploy import clip as clip_module
from edge_asr.deploy.clip import LONGEST_S, WORDS, expect_events, make_clip, on_workstation, read_user_clip
from edge_asr.deploy.clip_texts import clip_texts, language_of, spoken
from edge_asr.errors import AudioError, DeployError, SynthesisError
from edge_asr.runtime.accelerator import Accelerator
from edge_asr.runtime.board import RunSpec
from edge_asr.runtime.grammar import Arc, Final, Grammar, write_grammar
from tests.cli.command import write_wav
from tests.deploy.packed import BUNDLE, CACHE, ROOT
from tests.runtime.tone_release import tones

RUN = RunSpec()


@pytest.mark.parametrize("name", ["commands12", "alexa", "digits"])
def test_a_shipped_bundle_hears_its_clip_and_gets_the_same_one_each_time(name):
    bundle = read_bundle(ROOT / "models" / name)
    clip = make_clip(bundle, RUN, CACHE)
    np.testing.assert_array_equal(make_clip(bundle, RUN, CACHE), clip)
    heard = [event.what for event in expect_events(bundle, RUN, clip).events]
    texts = clip_texts(bundle)
    assert heard == [text for text in texts if text in heard]  # each once, in their order, and nothing else
    assert len(heard) == min(WORDS, len(texts))


def test_texts_are_the_labels_but_the_background():
    texts = clip_texts(read_bundle(BUNDLE))
    assert texts == ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")


def test_texts_of_a_closed_set_are_strings_of_it():
    bundle = read_bundle(ROOT / "models" / "digits")
    texts = clip_texts(bundle)
    assert texts == clip_texts(bundle)
    assert {word for text in texts for word in text.split()} <= set(bundle.manifest.labels[1:])
    assert len(set(texts)) > 1


def test_texts_of_a_grammar_are_its_sentences(tiny_speech):
    arcs = (Arc(0, 1, "light"), Arc(0, 1, "fan"), Arc(1, 2, "on"), Arc(1, 2, "off"), Arc(2, 2, "please"))
    grammar = Grammar("en", 3, arcs, (Final(2, "switch"),))
    texts = clip_texts(Bundle(tiny_speech.path, tiny_speech.manifest, {}, {"grammar": write_grammar(grammar)}))
    assert set(texts) == {"fan on", "fan off", "light on", "light off"}
    assert all(grammar.parses(text.split()) for text in texts)


def test_texts_of_free_speech_are_sentences_of_its_language(tiny_speech):
    manifest = replace(tiny_speech.manifest, labels=("_blank_", "a", "b"), speech=SpeechDecodeSpec("characters"))
    texts = clip_texts(Bundle(tiny_speech.path, manifest, {}))
    assert all(len(text.split()) >= 2 for text in texts)


@pytest.mark.parametrize(("label", "text"), [("hey_computer", "hey computer"), ("alexa", "alexa")])
def test_a_label_is_said_as_words(label, text):
    assert spoken(label) == text


@pytest.mark.parametrize(
    ("provenance", "language"),
    [
        ({}, "en"),
        ({"recipe": {"wake": {"language": "de"}}}, "de"),
        ({"recipe": "none"}, "en"),
        ({"recipe": {"wake": {"language": 5}}}, "en"),
    ],
)
def test_the_language_is_that_of_the_recipe(provenance, language, tiny_bundle):
    assert language_of(replace(tiny_bundle.manifest, provenance=provenance)) == language


def test_no_voice_for_the_language(tiny_bundle, tmp_path):
    provenance = {"recipe": {"wake": {"language": "tlh"}}}
    with pytest.raises(SynthesisError, match="no voice speaks 'tlh'.*--clip FILE"):
        make_clip(rewrite_manifest(tiny_bundle.path, provenance=provenance), RUN, tmp_path)


def test_a_bundle_that_understands_no_voice(tiny_bundle, tmp_path, monkeypatch):
    found = clip_module.find_engines("en")
    quick = next(engine for engine in found if engine.name == "espeak")
    some = [Engine("espeak", quick.voices[:2], "", "")]
    monkeypatch.setattr(clip_module, "find_engines", lambda language: some)
    with pytest.raises(DeployError, match="tiny understood none of 2 synthetic voices; record .*--clip FILE"):
        make_clip(tiny_bundle, RUN, tmp_path)


def test_a_clip_in_which_nothing_is_heard(tiny_bundle):
    with pytest.raises(DeployError, match="tiny hears nothing in the self-test's clip.*--clip FILE"):
        expect_events(tiny_bundle, RUN, np.zeros(32000, np.int16))


def test_a_clip_that_other_kernels_hear_otherwise(tiny_bundle, monkeypatch):
    def hear(engine: object, samples: object) -> tuple[()]:
        return ()

    monkeypatch.setattr(clip_module, "hear", hear)  # the other kernels' part
    with pytest.raises(DeployError, match="close call.*expected 'yes', 'no', heard nothing"):
        expect_events(tiny_bundle, RUN, tones())


@pytest.mark.parametrize(
    ("run", "here"),
    [
        (RunSpec("stream", 2, "builtin"), RunSpec("stream", 2, "builtin")),
        (RunSpec("edgetpu", accelerator=Accelerator("edgetpu")), RunSpec("window")),
        (RunSpec(accelerator=Accelerator("gpu", fallback=True)), RunSpec("window")),
        (RunSpec("stream", accelerator=Accelerator("/lib/x.so")), RunSpec("stream")),
    ],
)
def test_what_stands_in_for_an_accelerator(run, here):
    assert on_workstation(run) == here


def test_the_users_clip_is_resampled_and_kept_short(tmp_path: Path):
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)).astype(np.int16)
    assert abs(len(read_user_clip(write_wav(tmp_path / "tone.wav", tone, 44100), 16000)) - 16000) <= 1
    long = write_wav(tmp_path / "long.wav", np.zeros(round(LONGEST_S * 8000) + 1, np.int16), 8000)
    with pytest.raises(AudioError, match=r"expected a clip of at most 60 s, found 60\.0 s; cut it"):
        read_user_clip(long, 8000)
