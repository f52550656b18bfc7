"""What is counted of a recogniser's answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edge_asr.runtime.ctc.hypothesis import Slot
from edge_asr.training.exact import ExactProportion
from edge_asr.training.other_speech import Accepted, OtherSpeech
from edge_asr.training.rate import Rate
from edge_asr.training.speech_answers import Answer, Meaning, Subject
from edge_asr.training.speech_json import speech_json
from edge_asr.training.speech_measure import confusions, independent, measure, quantiles, speaker_rates, understanding, worst
from edge_asr.training.speech_text import speech_text
from edge_asr.training.word_errors import Errors
from tests.training.speech_toys import answer, digits, evaluation, meant, said, transcript

ON = Meaning("TurnOn", frozenset({Slot("name", "light"), Slot("area", "hall")}))


def rejected(text: str) -> Answer:
    return Answer(Subject(said(text)), (transcript(text, rejected="penalty 3.1 above 2"),))


def test_errors_are_of_what_a_device_accepts() -> None:
    found = measure("d", "c", [answer("one two", "one two"), answer("one two", "one", "three two"), rejected("five six")])
    assert found.words.errors == Errors(6, 0, 1, 2)  # three is inserted, five and six were rejected
    assert found.sentences == ExactProportion(1, 3)
    assert found.rejected == ExactProportion(1, 3)
    assert found.characters.errors == Errors(22, 0, 6, 8)


def test_nothing_heard_is_not_a_rejection() -> None:
    silent = Answer(Subject(said("one")), ())
    assert measure("d", "c", [silent]).rejected.hits == 0
    assert measure("d", "c", [silent]).words.errors == Errors(1, 0, 0, 1)


def test_what_should_be_refused_counts_by_itself() -> None:
    refused = Answer(Subject(said("what a day"), outside=True), (transcript("one", rejected="unsure"),))
    found = measure("d", "c", [answer("one", "one"), answer("what a day", "one", outside=True), refused])
    assert found.accepted_outside == ExactProportion(1, 2)
    assert found.words.errors == Errors(1, 0, 0, 0)
    assert worst([refused]) == ()
    assert len(worst([answer("what a day", "one", outside=True)])) == 1


def test_with_a_grammar_only_what_was_understood_is_accepted() -> None:
    text_alone = answer("what a day", "one two", outside=True)
    acted = Answer(Subject(said("what a day"), outside=True), (transcript("turn it on", intent="TurnOn"),))
    assert measure("d", "c", [meant(ON), text_alone, acted]).accepted_outside == ExactProportion(1, 2)
    assert measure("d", "c", [answer("one"), text_alone, acted]).accepted_outside == ExactProportion(2, 2)


def test_intents_and_slots() -> None:
    both = (Slot("area", "hall"), Slot("name", "light"))
    right = meant(ON, transcript("x", intent="TurnOn", slots=both))
    one_wrong = meant(ON, transcript("x", intent="TurnOn", slots=(both[0], Slot("name", "fan"))))
    too_many = meant(ON, transcript("x", intent="TurnOn", slots=(*both, Slot("colour", "red"))))
    other = meant(ON, transcript("x", intent="TurnOff", slots=both))
    twice = meant(ON, transcript("x", intent="TurnOn", slots=both), transcript("y", intent="TurnOff"))
    refused = meant(ON, transcript("x", intent="TurnOn", slots=both, rejected="unsure"))
    found = understanding([right, one_wrong, too_many, other, twice, refused])
    assert found is not None
    assert found.intents == ExactProportion(3, 6)
    assert found.slots == ExactProportion(2 + 1 + 2, 12)
    assert found.sentences == ExactProportion(1, 6)
    assert understanding([answer("one", "one")]) is None


def test_confusions_hold_insertions_and_deletions() -> None:
    found = confusions([answer("one two three", "one too"), answer("", "oh"), answer("noise", "five", outside=True)])
    assert found == {("one", "one"): 1, ("two", "too"): 1, ("three", None): 1, (None, "oh"): 1}


def test_speakers_are_drawn_where_there_are_enough() -> None:
    many = [answer("one", "one", speaker=name) for name in "abcde"]
    assert independent(many) == list("abcde")
    assert independent(many[:4]) == [0, 1, 2, 3]
    assert independent([*many, answer("one", "one", speaker=None)]) == list(range(6))


def test_the_worst_speaker_comes_first() -> None:
    found = speaker_rates([answer("one two", "one", speaker="b"), answer("one", "one", speaker="a"), answer("x", speaker=None)])
    assert [(one.speaker, one.words.rate) for one in found] == [("b", 0.5), ("a", 0.0)]
    assert quantiles(found) == (0.0, 0.125, 0.25, 0.375, 0.5)
    assert quantiles(()) == ()


def test_the_evaluation_is_about_the_first() -> None:
    shipped, other = digits(np.random.default_rng(0), 30, 0.0), digits(np.random.default_rng(0), 30, 0.4)
    found = evaluation({("as shipped", "clean"): shipped, ("greedy", "clean"): other})
    assert found.headline.words.value == 0
    assert found.worst == ()
    assert found.of("greedy", "clean").words.errors.count > 0
    assert evaluation({("greedy", "clean"): other, ("as shipped", "clean"): shipped}).worst[0].words.count >= 3


def other_speech() -> OtherSpeech:
    from pathlib import Path

    accepted = (Accepted(Path("talk/a.wav"), 3.0, 4.0, "one two", 0.7),)
    return OtherSpeech("talk", Rate(1, 2.0), ExactProportion(1, 40), accepted, (0.7, *[0.1] * 39))


def test_the_text_says_what_was_found() -> None:
    text = speech_text(evaluation(other_speech=other_speech()))
    for part in ("toy (12,345 bytes", "80 utterances, 8 speakers", "noise 5 dB", "greedy", "talk, 2.00 hours", "of 40 stretches"):
        assert part in text
    assert "intents" not in text
    assert "intents right" in speech_text(evaluation({("as shipped", "clean"): [meant(ON, transcript("x", intent="TurnOn"))]}))


def test_json_holds_all_of_it() -> None:
    made = evaluation(other_speech=other_speech())
    table = json.loads(json.dumps(speech_json(made)))
    assert [(one["decoder"], one["condition"]) for one in table["results"]] == [
        (decoder, condition) for decoder in ("as shipped", "greedy") for condition in ("clean", "noise 5 dB")
    ]
    first = table["results"][0]["word_error_rate"]
    assert first["value"] == pytest.approx(made.headline.words.value)
    assert first["interval95"][0] < first["value"] < first["interval95"][1]
    assert len(table["wrong"]) == len(made.worst)
    assert table["other_speech"]["per_hour"] == 0.5
    assert table["model"]["decode"]["unit"] == "words"
