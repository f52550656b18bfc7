"""Utterances are heard as the live stream hears them, by every decoder, and become a measurement, or a limit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.bundle.change import replace_asset
from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.errors import ConfigError, DataError
from edge_asr.runtime.ctc.hypothesis import Slot
from edge_asr.runtime.encode_wav import encode_wav
from edge_asr.runtime.events import Final
from edge_asr.runtime.grammar import Arc, Grammar, write_grammar
from edge_asr.runtime.grammar import Final as End
from edge_asr.runtime.speech_engine import load_speech_engine
from edge_asr.runtime.speech_stream import SpeechStream
from edge_asr.training import speech_hear
from edge_asr.training.conditions import CLEAN, Condition
from edge_asr.training.exact import ExactProportion
from edge_asr.training.judge_speech import calibrate_speech, judge_speech
from edge_asr.training.rendering import Rendering
from edge_asr.training.speech_answers import Subject, subject
from edge_asr.training.speech_decoders import SHIPPED, UNREFUSED, decoders
from edge_asr.training.speech_hear import hear_utterances
from edge_asr.training.speech_subjects import SpeechPlace, read_subjects
from edge_asr.training.speech_tape import stretches
from tests.runtime.tones import tones
from tests.training.speech_toys import said

RATE = 16000
ECHO = Condition("far", far=True)
SAID = {"yes": ["yes"], "no yes": ["no", "yes"], "yes yes no": ["yes", "yes", "no"], "hello there": []}


@pytest.fixture
def place(tmp_path: Path) -> SpeechPlace:
    """Utterances in tones (1 kHz is yes, 3 kHz no), two speakers; nobody says hello there, it's noise."""
    lines = []
    for number, (text, words) in enumerate(SAID.items()):
        sound = tones(1.0 + 1.2 * len(words), [(0.5 + 1.2 * n, word) for n, word in enumerate(words)], seed=number)
        (tmp_path / "said").mkdir(exist_ok=True)
        (tmp_path / "said" / f"{number}.wav").write_bytes(encode_wav(sound.astype(np.float32) / 32768, RATE))
        lines.append({"audio": f"{number}.wav", "text": text, "speaker": f"s{number % 2}", "split": "test"})
    (tmp_path / "said" / "list.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return SpeechPlace(tmp_path / "said")


@pytest.fixture
def with_grammar(tiny_speech: Bundle) -> Bundle:
    """It allows "yes", which switches something on, and "no yes"."""
    arcs = (Arc(0, 1, "yes", (Slot("what", "it"),)), Arc(0, 2, "no"), Arc(2, 1, "yes"))
    grammar = Grammar("en", 3, arcs, (End(1, "On"),))
    return replace_asset(tiny_speech.path, "grammar", "grammar.json", write_grammar(grammar))


def test_stretches_say_what_the_stream_says(tiny_speech: Bundle) -> None:
    """With two utterances and a cut of a long one, which begins the next in the same step."""
    spec = replace(tiny_speech.manifest.speech, endpoint=replace(tiny_speech.manifest.speech.endpoint, max_utterance_s=3.0))
    engine = load_speech_engine(replace(tiny_speech, manifest=replace(tiny_speech.manifest, speech=spec)))
    sound = tones(14, [(1, "yes"), (4, "no"), (4.9, "yes"), (5.8, "no"), (6.7, "no"), (7.6, "yes"), (11, "no")], length=0.9)
    stream = SpeechStream(engine, engine.decoder(), spec.endpoint)
    live = [event for event in (*stream.accept(sound), *stream.finish()) if isinstance(event, Final)]
    assert len(live) >= 4
    found = stretches(engine, sound)
    decoder = engine.decoder()
    assert [(one.start, one.end, one.decode(decoder).text) for one in found] == [(e.start, e.end, e.text) for e in live]
    assert [one.decode(decoder).confidence for one in found] == [event.confidence for event in live]


def test_each_decoder_is_there_once(tiny_speech: Bundle) -> None:
    assert list(decoders(load_speech_engine(tiny_speech))) == [SHIPPED, UNREFUSED, "greedy"]


def test_with_a_grammar_there_are_simpler_ones(with_grammar: Bundle) -> None:
    assert list(decoders(load_speech_engine(with_grammar))) == [SHIPPED, UNREFUSED, "greedy", "beam"]


def test_utterances_are_measured(tiny_speech: Bundle, place: SpeechPlace, tmp_path: Path) -> None:
    files = {"report": tmp_path / "page.html", "json_file": tmp_path / "found.json"}
    found = judge_speech(tiny_speech.path, place, tmp_path / "cache", conditions=(CLEAN, ECHO), **files)
    assert found.headline.words.value == 0.0
    assert found.headline.sentences == ExactProportion(3, 3)
    assert found.headline.accepted_outside == ExactProportion(0, 1)
    assert (found.utterances, found.speakers, found.conditions) == (4, 2, ("clean", "far"))
    assert found.data == "said, test split"
    table = json.loads((tmp_path / "found.json").read_text())
    assert table["results"][0]["word_error_rate"]["said"] == 6
    assert "said, test split" in (tmp_path / "page.html").read_text()


def test_a_grammar_gives_meanings_and_what_is_outside(with_grammar: Bundle, place: SpeechPlace, tmp_path: Path) -> None:
    found = judge_speech(with_grammar.path, place, tmp_path / "cache", conditions=(CLEAN,))
    first = found.headline
    assert first.understanding is not None
    assert first.understanding.sentences == ExactProportion(2, 2)
    assert first.accepted_outside.total == 2  # "yes yes no", "hello there"
    greedy = found.of("greedy", "clean").understanding
    assert greedy is not None
    assert greedy.slots == ExactProportion(1, 1)  # what it has written, parsed
    assert found.model.limit == "max_penalty"
    assert found.limits is not None


def test_other_sound_is_counted_by_the_hour(tiny_speech: Bundle, place: SpeechPlace, tmp_path: Path) -> None:
    talk = tmp_path / "talk"
    talk.mkdir()
    for name, words in (("0", []), ("a", [(3, "no")]), ("c", [])):  # short ones, which are heard in a row
        (talk / f"{name}.wav").write_bytes(encode_wav(tones(6, words, seed=9).astype(np.float32) / 32768, RATE))
    (talk / "b.wav").write_text("no sound")
    found = judge_speech(tiny_speech.path, place, tmp_path / "cache", negatives=[talk], conditions=(CLEAN,))
    other = found.other_speech
    assert other is not None
    assert other.rate.events == len(other.accepted) == 1
    assert other.rate.hours == pytest.approx(3 * 6 / 3600)  # without the silence that joins
    assert other.accepted[0].path.name == "a.wav"
    assert other.accepted[0].start == pytest.approx(3.0, abs=0.5)  # in its file; the network's field is half a second long
    assert [item.path.name for item in found.left_out] == ["b.wav"]


def test_a_limit_is_chosen_and_written_down(with_grammar: Bundle, place: SpeechPlace, tmp_path: Path) -> None:
    choice = calibrate_speech(with_grammar.path, place, 0.02, tmp_path / "cache")
    manifest = read_bundle(with_grammar.path).manifest
    assert manifest.speech is not None
    assert manifest.speech.max_penalty == choice.point.value
    assert choice.rule in ("too few", "unchallenged")
    said = manifest.provenance["rejection"]
    assert (said["limit"], said["value"], said["data"]) == ("max_penalty", choice.point.value, "said, test split")
    assert said["accepted_outside"] == [0, 2]
    after = judge_speech(with_grammar.path, place, tmp_path / "cache", conditions=(CLEAN,))
    assert after.headline.accepted_outside.hits == 0
    assert after.headline.understanding.sentences.hits == 2  # type: ignore[union-attr]


def test_what_is_to_be_recognised() -> None:
    words = frozenset(("yes", "no"))
    assert subject(said("yes no"), None, words) == Subject(said("yes no"))
    assert subject(said("hello there"), None, words) == Subject(said("hello there"), outside=True)
    assert subject(said(""), None, words) == subject(said(""), None, frozenset()) == Subject(said(""), outside=True)
    assert subject(said("yes sir"), None, words) is None
    assert subject(said("yes sir"), None, frozenset()) == Subject(said("yes sir"))  # characters write anything


def test_what_was_heard_is_heard_again_by_other_code(
    tiny_speech: Bundle, place: SpeechPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subjects, _ = read_subjects(load_speech_engine(tiny_speech), place)
    for code in ("older", "newer", "newer"):
        monkeypatch.setattr(speech_hear, "_code", lambda code=code: code)
        hear_utterances(tiny_speech.path, [subjects[0].utterance], tmp_path / "cache", Rendering(RATE, (CLEAN,)))
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_what_was_heard_is_kept_until_something_changes(tiny_speech: Bundle, place: SpeechPlace, tmp_path: Path) -> None:
    subjects, _ = read_subjects(load_speech_engine(tiny_speech), place)
    utterances = [one.utterance for one in subjects]
    rendering = Rendering(RATE, (CLEAN,))
    first = hear_utterances(tiny_speech.path, utterances, tmp_path / "cache", rendering)
    files = sorted((tmp_path / "cache").iterdir())
    files[0].write_bytes(b"torn")
    assert hear_utterances(tiny_speech.path, utterances, tmp_path / "cache", rendering) == first
    assert sorted((tmp_path / "cache").iterdir()) == files
    hear_utterances(tiny_speech.path, utterances, tmp_path / "cache", Rendering(RATE, (ECHO,)))
    assert len(list((tmp_path / "cache").iterdir())) == 2 * len(files)


def test_some_of_many(tiny_speech: Bundle, place: SpeechPlace) -> None:
    engine = load_speech_engine(tiny_speech)
    every, _ = read_subjects(engine, place)
    some, _ = read_subjects(engine, replace(place, most=2))
    assert len(every) == 4
    assert some == every[:2]


def test_what_cannot_be_measured(tiny_speech: Bundle, place: SpeechPlace, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--split"):
        judge_speech(tiny_speech.path, replace(place, split="tset"), tmp_path / "cache")
    with pytest.raises(DataError, match="--split all"):
        judge_speech(tiny_speech.path, replace(place, split="train"), tmp_path / "cache")
    with pytest.raises(DataError, match="refused"):
        calibrate_speech(tiny_speech.path, SpeechPlace(_only_yes(tmp_path)), 0.02, tmp_path / "cache")


def _only_yes(tmp_path: Path) -> Path:
    folder = tmp_path / "yes"
    folder.mkdir()
    (folder / "0.wav").write_bytes(encode_wav(tones(2, [(0.5, "yes")]).astype(np.float32) / 32768, RATE))
    (folder / "list.jsonl").write_text(json.dumps({"audio": "0.wav", "text": "yes", "split": "test"}))
    return folder
