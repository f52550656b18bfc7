"""Wake words measured from files to page, JSON and text, with a bundle that hears tones."""

from __future__ import annotations

import base64
import io
import json
import re
import wave
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from edge_asr.bundle.store import Bundle
from edge_asr.data.clips import LeftOut
from edge_asr.errors import ConfigError, DataError
from edge_asr.runtime.engine import load_engine
from edge_asr.training.conditions import CONDITIONS
from edge_asr.training.judge_wake import judge_wake
from edge_asr.training.metrics import Proportion
from edge_asr.training.rendering import Rendering
from edge_asr.training.wake_evaluate import WakeEvaluation
from edge_asr.training.wake_json import wake_json
from edge_asr.training.wake_report import MOST_CLIPS, render_wake_report
from edge_asr.training.wake_text import wake_text
from tests.training.test_report import HOSTILE, Page
from tests.training.test_wake_listen import RATE, save, silence, tone


def said(sound: np.ndarray, seed: int) -> np.ndarray:
    """A recording: half a second of faint noise, the sound, and the noise again."""
    whole = np.concatenate([silence(0.5), sound, silence(0.5)])
    return whole + 0.0005 * np.random.default_rng(seed).standard_normal(len(whole))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five recordings of "yes" (one of them says "no", one is too short), three of "no", and a minute of other audio."""
    root = tmp_path_factory.mktemp("wake")
    for number in range(5):
        sound = tone(3000 if number == 4 else 1000, 0.06 if number == 3 else 0.6 + number / 10)
        save(root / "said" / "yes" / f"{number}.wav", said(sound, number))
    for number in range(3):
        save(root / "said" / "no" / f"{number}.wav", said(tone(3000, 0.7), 10 + number))
    (root / "said" / "yes" / "torn.wav").write_bytes(b"RIFF")
    save(root / "said" / "maybe" / "0.wav", tone(440, 1))
    talk = [part for number in range(6) for part in (silence(8), tone(1000, 0.06 + 0.05 * number))]
    save(root / "talk" / "talk.wav", np.concatenate([*talk, silence(8)]))
    save(root / "noise" / "hiss.wav", 0.1 * np.random.default_rng(0).standard_normal(20 * RATE))
    return root


@pytest.fixture
def measured(tiny_bundle: Bundle, places: Path, tmp_path: Path) -> WakeEvaluation:
    return judge(tiny_bundle, places, tmp_path)


def judge(bundle: Bundle, places: Path, folder: Path, **options: object) -> WakeEvaluation:
    talk = [places / "talk"]
    return judge_wake(bundle.path, places / "said", talk, folder / "cache", noise=[places / "noise"], **options)  # type: ignore[arg-type]


def test_counts_misses_and_false_accepts(measured: WakeEvaluation) -> None:
    assert [(word.label, word.recordings) for word in measured.words] == [("yes", 5), ("no", 3)]
    yes, no = measured.words
    assert (yes.shipped.threshold, yes.shipped.misses["clean"], no.shipped.misses["clean"]) == (
        0.8,
        Proportion(2, 5),
        Proportion(0, 3),
    )
    assert [miss.clip.positive.name for miss in yes.misses if miss.condition == "clean"] == [
        "yes/4.wav",
        "yes/3.wav",
    ]
    assert all(miss.score < 0.8 for miss in yes.misses)
    # Of the six tones, 0.06 to 0.31 s long, those from 0.11 s on reach 0.8.
    assert yes.shipped.false_accepts.events == 5
    assert no.shipped.false_accepts.events == 0
    assert measured.hours == pytest.approx((7 * 8 + 6 * 0.185) / 3600, rel=1e-4)
    assert yes.shipped.false_accepts.hours == measured.hours
    assert measured.confusions == {("yes", "no"): 1}
    assert {item.path.name for item in measured.left_out} == {"torn.wav", "maybe"}
    assert measured.conditions == tuple(condition.name for condition in CONDITIONS)


def test_curves_go_through_what_is_shipped(measured: WakeEvaluation) -> None:
    yes = measured.words[0]
    assert list(yes.curve.at_rates) == [0.0, 0.1, 0.5, 1.0, 2.0]
    without = yes.curve.at_rates[0.0]
    assert without is None or without.false_accepts.events == 0
    scores = [event.score for event in yes.false_accepts]
    assert scores == sorted(scores, reverse=True)
    assert sum(score >= 0.8 for score in scores) == 5


def test_latency_is_from_the_end_of_the_word(measured: WakeEvaluation, tiny_bundle: Bundle, places: Path) -> None:
    clean = measured.words[1].latencies["clean"]
    assert len(clean) == 3
    # The word's end is told to 50 ms and has a hang-over of 30.
    engine = load_engine(tiny_bundle)
    sound = np.concatenate([silence(1.5), tone(3000, 0.7), silence(2.5)]).astype(np.float32)
    (event,) = engine.stream().accept(sound)
    assert clean == pytest.approx([event.end - 2.2] * 3, abs=0.09)


def test_rates_of_choice_and_splits(tiny_bundle: Bundle, places: Path, tmp_path: Path) -> None:
    measured = judge(tiny_bundle, places, tmp_path, rates=[300.0])
    assert list(measured.words[0].curve.at_rates) == [0.0, 0.1, 0.5, 1.0, 2.0, 300.0]
    assert measured.words[0].curve.at_rates[300.0].false_accepts.events <= 300 * measured.hours  # type: ignore[union-attr]
    names = {"train", "validation", "test"}
    found = []
    for split in sorted(names):
        try:
            found.append(judge(tiny_bundle, places, tmp_path, split=split).negatives)
        except DataError as err:
            assert "found none that can be read" in str(err)
    assert len(found) == 1  # a single file is in one split
    assert re.fullmatch(r"talk \((train|validation|test) split\)", found[0])
    with pytest.raises(ConfigError, match="--split"):
        judge(tiny_bundle, places, tmp_path, split="dev")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="expected noise recordings"):
        judge_wake(tiny_bundle.path, places / "said", [places / "talk"], tmp_path / "cache", noise=[tmp_path / "empty"])


def test_json_holds_every_count(tiny_bundle: Bundle, places: Path, tmp_path: Path) -> None:
    measured = judge(tiny_bundle, places, tmp_path, json_file=tmp_path / "out" / "wake.json", report=tmp_path / "wake.html")
    table = json.loads((tmp_path / "out" / "wake.json").read_text())
    assert table == json.loads(json.dumps(wake_json(measured)))
    yes = table["words"][0]
    assert yes["shipped"]["missed"]["clean"]["hits"] == 2
    assert yes["shipped"]["false_accepts"]["events"] == 5
    assert yes["shipped"]["false_accepts"]["interval95"] == list(measured.words[0].shipped.false_accepts.interval)
    assert [row["at_most"] for row in yes["at_rates"]] == [0.0, 0.1, 0.5, 1.0, 2.0]
    assert yes["latency"]["clean"]["median"] == pytest.approx(np.median(measured.words[0].latencies["clean"]))
    assert [event["fires"] for event in yes["false_accepts"]][:5] == [True] * 5
    assert table["confusions"] == [{"said": "yes", "detected": "no", "count": 1}]
    assert (tmp_path / "wake.html").read_text().startswith("<!doctype html>")


def rendering(places: Path) -> Rendering:
    return Rendering(RATE, noise=(places / "noise" / "hiss.wav",))


def test_page_shows_the_numbers_and_plays_the_worst(measured: WakeEvaluation, places: Path) -> None:
    text = render_wake_report(measured, rendering(places))
    page = Page(text)
    assert page.open == []
    assert not page.all("script")
    assert any("default-src 'none'" in (meta.get("content") or "") for meta in page.all("meta"))
    shown = re.sub(r"\s+", " ", page.text)
    for number in ("40.0 %", "11.8 to 76.9", "noise 20 dB", "no: latency", "yes: thresholds", "torn.wav"):
        assert number in shown  # Wilson's interval of 2 of 5
    for svg in re.findall(r"<svg viewBox.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(svg.replace("xlink:", ""))
    yes = measured.words[0]
    audio = [base64.b64decode(str(a["src"]).removeprefix("data:audio/wav;base64,")) for a in page.all("audio")]
    wanted = sum(min(MOST_CLIPS // 2, len(clips)) for word in measured.words for clips in (word.misses, word.false_accepts))
    assert len(audio) == wanted > MOST_CLIPS // 2
    with wave.open(io.BytesIO(audio[0])) as file:
        played = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    word = yes.misses[0].clip.word
    assert len(played) / RATE == pytest.approx(word.end - word.start + 0.8, abs=0.01)
    heard = rendering(places).sound(yes.misses[0].clip.positive.name, said(tone(3000, 1.0), 4).astype(np.float32), CONDITIONS[0])
    start = round((word.start - 0.4) * RATE)
    assert np.abs(played.astype(int) - heard[start : start + len(played)]).max() <= 1  # the file has 16 bits


def test_page_escapes_what_is_not_ours(measured: WakeEvaluation, places: Path) -> None:
    hostile = replace(
        measured,
        bundle=HOSTILE,
        positives=HOSTILE,
        negatives=HOSTILE,
        words=(replace(measured.words[0], label=HOSTILE),),
        confusions={(HOSTILE, HOSTILE): 1},
        left_out=(LeftOut(Path(HOSTILE), HOSTILE),),
    )
    page = Page(render_wake_report(hostile, rendering(places)))
    assert page.open == []
    assert not page.all("script")
    assert page.text.count(HOSTILE) >= 10


def test_clips_that_are_gone_are_named(measured: WakeEvaluation, places: Path) -> None:
    word = measured.words[0]
    gone = [replace(event, path=Path("gone/away.wav")) for event in word.false_accepts]
    page = Page(
        render_wake_report(replace(measured, words=(replace(word, false_accepts=tuple(gone), misses=()),)), rendering(places))
    )
    assert "away.wav" in page.text
    assert "can't be read any more" in page.text
    assert not page.all("audio")


def test_too_few_hours_are_said(measured: WakeEvaluation, places: Path) -> None:
    text = wake_text(measured)
    assert "2/h*" in text
    assert "0.02 hours are too few to tell" in text
    assert "too few to tell" in render_wake_report(measured, rendering(places))
    lines = {line.split()[0]: line for line in text.splitlines() if line}
    assert "40.0 %" in lines["as"] or "0.0 %" in lines["as"]
    assert "“no” detected in recordings of “yes”: 1" in text
    assert "2 files left out" in text


def test_a_rate_out_of_reach_is_said(measured: WakeEvaluation, places: Path) -> None:
    word = measured.words[0]
    never = replace(measured, words=(replace(word, curve=replace(word.curve, at_rates={0.5: None}), false_accepts=()),))
    assert "0.5/h*    no threshold has so few" in wake_text(never)
    assert "no threshold has so few" in render_wake_report(never, rendering(places))


def test_words_that_were_not_said_are_not_judged(tiny_bundle: Bundle, places: Path, tmp_path: Path) -> None:
    measured = judge_wake(tiny_bundle.path, places / "said" / "no", [places / "talk"], tmp_path / "cache")
    assert [word.label for word in measured.words] == ["no"]
