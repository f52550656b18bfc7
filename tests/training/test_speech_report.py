"""The page about a recogniser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.clips import LeftOut
from edge_asr.errors import TrainingError
from edge_asr.runtime.encode_wav import encode_wav
from edge_asr.training.rejection import Limits, rejection_curve, rejection_point
from edge_asr.training.speech_answers import Answer, Subject
from edge_asr.training.speech_evaluate import SpeechEvaluation
from edge_asr.training.speech_report import MOST_EXAMPLES, render_speech_report, write_speech_report
from tests.training.speech_toys import MODEL, answer, digits, evaluation, meant, said, transcript
from tests.training.test_report import HOSTILE, Page
from tests.training.test_speech_evaluate import ON, other_speech


def grammar() -> SpeechEvaluation:
    answers = [meant(ON, transcript("x", intent="TurnOn", slots=sorted(ON.slots, key=str))), answer("what", outside=True)]
    model = replace(MODEL, assets=("grammar",))
    inside, outside = [-0.1 * n for n in range(20)], [-0.1 * n for n in range(10, 60)]
    limits = Limits(rejection_point(inside, outside, "max_penalty", 1.5), rejection_curve(inside, outside, "max_penalty"))
    return replace(evaluation({("as shipped", "clean"): answers}, other_speech=other_speech(), limits=limits), model=model)


def test_shows_what_was_measured() -> None:
    made = evaluation()
    page = Page(render_speech_report(made))
    assert page.open == []
    for shown in ("5.", "as shipped", "greedy", "noise 5 dB", "80", "1 h 2 min", "12,345 bytes", "zero", "no language model"):
        assert shown in page.text
    errors = made.headline.words.errors
    assert f"{errors.substitutions} substituted, 0 inserted, 0 deleted of 400" in page.text
    assert "speakers drawn again" in page.text
    assert "What was understood" not in page.text
    titles = {cell.get("title") for cell in page.all("td")}
    pair, count = next((pair, n) for pair, n in made.confusions.items() if pair[0] != pair[1])
    assert f"{pair[0]} taken for {pair[1]}: {count}" in titles


def test_a_grammar_has_more_to_show() -> None:
    page = Page(render_speech_report(grammar()))
    assert page.open == []
    for shown in (
        "Intents right",
        "Slots right",
        "Accepted, of 1 utterances",
        "talk, 2.00 hours: 1 accepted",
        "one in the manifest, 1.5",
    ):
        assert shown in page.text


def test_an_open_vocabulary_has_a_list_instead_of_a_matrix() -> None:
    words = [f"word{number}" for number in range(40)]
    page = Page(render_speech_report(evaluation({("as shipped", "clean"): [answer(" ".join(words), " ".join(words[1:]))]})))
    assert page.open == []
    assert "Written" in page.text
    assert "said \\ written" not in page.text


def test_nothing_wrong_is_said_so() -> None:
    page = Page(render_speech_report(evaluation({("as shipped", "clean"): digits(np.random.default_rng(0), 20, 0.0)})))
    assert "every utterance was written as it was said" in page.text


def test_utterances_can_be_heard_while_they_are_there(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    path.write_bytes(encode_wav((0.3 * np.sin(np.arange(16000) / 4)).astype(np.float32), 16000))
    there = Answer(Subject(replace(said("one", path=path), start=0.25, end=0.75)), (transcript("two"),))
    gone = Answer(Subject(said("one", number=1)), (transcript("nine"),))
    page = Page(render_speech_report(evaluation({("as shipped", "clean"): [there, gone]})))
    sounds = [attributes["src"] or "" for attributes in page.all("audio")]
    assert len(sounds) == 1
    assert len(sounds[0]) == pytest.approx(4 / 3 * (44 + 2 * 8000), abs=40)  # half a second; base64 and its prefix
    assert "can't be read any more" in page.text
    many = Page(render_speech_report(evaluation({("as shipped", "clean"): [there] * (MOST_EXAMPLES + 5)})))
    assert len(many.all("audio")) == MOST_EXAMPLES


def hostile() -> SpeechEvaluation:
    path = Path("a\nb/c<script>.wav")
    one = Answer(Subject(said(HOSTILE, speaker=HOSTILE, path=path)), (transcript(HOSTILE + " more", rejected=HOSTILE),))
    two = Answer(Subject(said("x", speaker="y")), ())
    made = evaluation({(HOSTILE, HOSTILE): [one, two]}, other_speech=replace(other_speech(), name=HOSTILE))
    model = replace(MODEL, bundle=HOSTILE, interpreter=HOSTILE)
    return replace(made, model=model, data=HOSTILE, left_out=(LeftOut(path, HOSTILE),))


def test_nothing_foreign_becomes_markup() -> None:
    page = Page(render_speech_report(hostile()))
    assert page.open == []
    assert not page.all("script")
    assert all(not name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert HOSTILE.split("\n")[0][:20] in page.text


@pytest.mark.parametrize("make", [evaluation, grammar, hostile])
def test_is_one_file_without_network(make: Callable[[], SpeechEvaluation]) -> None:
    page = Page(render_speech_report(make()))
    for _, attributes in page.elements:
        for name in ("src", "href", "action", "data"):
            assert (attributes.get(name) or "data:").startswith("data:")


def test_a_place_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(TrainingError, match="can't be written"):
        write_speech_report(tmp_path / "file" / "page.html", evaluation())
