from __future__ import annotations

import numpy as np
import pytest

from edge_asr.data.voices import Delivery, Engine, Voice, find_voice, list_voices, say
from edge_asr.data.voices.espeak_variants import NOT_HUMAN
from edge_asr.data.voices.languages import language_tag, named_language, speaks
from edge_asr.data.voices.listing import voices_text
from edge_asr.data.voices.wording import plain_text, ssml_text


def test_pauses_and_endings_as_punctuation() -> None:
    assert plain_text(" smart\nmirror ", Delivery()) == "smart mirror"
    assert plain_text("smart mirror", Delivery(pause=0.1, ending="?", stressed=0)) == "smart, mirror?"


def test_pauses_and_emphasis_as_tags() -> None:
    assert ssml_text("smart mirror", Delivery()) == "smart mirror"
    said = ssml_text("a<b & c", Delivery(pause=0.05, stressed=1, ending="!"))
    assert said == 'a&lt;b<break time="50ms"/> <emphasis level="strong">&amp;</emphasis><break time="50ms"/> c!'
    assert ssml_text("smart mirror", Delivery(stressed=5)) == "smart mirror"


def test_espeak_pauses_emphasises_and_asks() -> None:
    pytest.importorskip("espeakng_loader", reason="needs the 'synth' extra (espeakng-loader)")
    voice = find_voice("en-us")
    text = "smart mirror"
    normal = say(text, voice, Delivery())
    short, long = (say(text, voice, Delivery(pause=pause)) for pause in (0.05, 0.25))
    # What differs is the pause; eSpeak's frames are some milliseconds long.
    assert (len(long.samples) - len(short.samples)) / normal.sample_rate == pytest.approx(0.2, abs=0.02)
    assert [word.text for word in long.words] == ["smart", "mirror"]
    assert long.words[1].start - long.words[0].end > 0.2
    for delivery in (Delivery(stressed=0), Delivery(stressed=1), Delivery(ending="?")):
        assert not np.array_equal(say(text, voice, delivery).samples, normal.samples), delivery
    stressed = say(text, voice, Delivery(stressed=0))
    assert [word.text for word in stressed.words] == ["smart", "mirror"]
    # Tags are read, not spoken.
    assert len(stressed.samples) < 1.3 * len(normal.samples)


def test_robots_are_no_voices() -> None:
    pytest.importorskip("espeakng_loader", reason="needs the 'synth' extra (espeakng-loader)")
    speakers = {voice.speaker for voice in list_voices("en-us")}
    assert {"", "f3", "m7", "klatt4", "whisper", "Alicia"} <= speakers
    assert not speakers & NOT_HUMAN.keys()
    assert all(reason for reason in NOT_HUMAN.values())


@pytest.mark.parametrize(
    ("language", "wanted", "does"),
    [
        ("en-us", "en", True),
        ("en-us", "EN_us", True),
        ("en-us", "", True),
        ("en", "en-us", False),
        ("eng", "en", False),
        ("cmn", "zh", True),
        ("cmn-latn-pinyin", "zh", True),
        ("nb", "no", True),
        ("de", "e", False),
    ],
)
def test_which_voices_will_do_for_a_language(language: str, wanted: str, does: bool) -> None:
    assert speaks(language, wanted) is does


def test_tags_of_names_and_other_spellings() -> None:
    assert [language_tag(tag) for tag in ("en_US", "zh_CN", "no-NO", "en-uk")] == ["en-us", "cmn-cn", "nb-no", "en-gb"]
    assert named_language("american", "english") == "en-us"
    assert named_language("nil", "Finnish") == "fi"
    assert named_language("nil", "klingon") == "und"


def test_listing_says_what_there_is_and_how_to_get_the_rest() -> None:
    voices = tuple(Voice("flite", name, language, "free", name) for name, language in (("slt", "en-us"), ("awb", "en-gb")))
    engines = [
        Engine("flite", voices, "", "buy flite"),
        Engine("pico", (), "no pico; buy it", "buy it"),
        Engine("x", (), "", "buy x"),
    ]
    lines = voices_text(engines, "en").split("\n")
    assert lines[0].split() == ["flite", "2", "voices:", "en-gb,", "en-us"]
    assert lines[1].split() == ["licence:", "free"]
    assert lines[2].split() == ["more:", "buy", "flite"]
    assert lines[3].split() == ["pico", "not", "found:", "no", "pico;", "buy", "it"]
    assert lines[4].split() == ["x", "no", "voice", "for", "en"]
    assert lines[-1] == "2 voices for en, 2 engines found"
    assert "slt" not in "\n".join(lines)
    assert "slt  en-us  free" in voices_text(engines, every=True)
