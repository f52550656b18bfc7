"""From places and voices to the tables that a recogniser's training reads."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data import prepare_speech as module
from edge_asr.data.clips import SPLITS
from edge_asr.data.prepare_speech import prepare_speech
from edge_asr.data.spec import AugmentSpec
from edge_asr.data.speech_material import SpeechPlaces
from edge_asr.data.speech_parts import SpeechPartMaker
from edge_asr.data.speech_script import digit_strings, write_script
from edge_asr.data.speech_spec import DIGITS, SpeechSpec
from edge_asr.data.speech_table import PreparedSpeech
from edge_asr.errors import ConfigError, DataError
from edge_asr.frontend.presets import PRESETS
from tests.data_room.sounds import noise, speech_commands, word, write

SPEC = SpeechSpec(
    unit="words", words=("one", "two"), strings=60, string_words=(1, 3), script="digits", takes=8, empty=10,
    held_percent=25, engines=("espeak",), recordings=False,
)  # fmt: skip
AUGMENT = AugmentSpec(copies=2)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> SpeechPlaces:
    root = tmp_path_factory.mktemp("speech")
    data = speech_commands(root / "sc", words="one two bed", speakers=30)
    return SpeechPlaces((data,), (data,), (data / "_background_noise_",))


def prepared(places: SpeechPlaces, cache: Path, spec: SpeechSpec = SPEC, workers: int = 1) -> PreparedSpeech:
    return prepare_speech(spec, AUGMENT, PRESETS["logmel40"], places, seed=1, cache_dir=cache, workers=workers)


def test_every_kind_of_row_has_its_tokens_and_frames(places: SpeechPlaces, tmp_path: Path):
    made = prepared(places, tmp_path)
    assert made.tokens.labels == ("_blank_", "one", "two")
    kinds = Counter(one.split("/")[0] for one in made.train.ids)
    assert kinds == {"string": 60, "voices": 8 * 3, "empty": 10}
    for split in SPLITS:
        table = getattr(made, split)
        assert len(table) == len(table.texts) == len(table.lengths) > 0
        for row, (one, text) in enumerate(zip(table.ids, table.texts)):
            assert made.tokens.decode(table.tokens_of(row)) == text
            assert table.frames_of(row).shape == (table.lengths[row], 40)
            assert bool(text) != one.startswith("empty/")
            # 300 ms of silence at the least, and words of 200 ms at the least (they are said up to 1.5 times as fast).
            assert table.lengths[row] * 0.02 > 0.25 + 0.12 * len(text.split())
        assert np.isfinite(np.asarray(table.features, np.float32)).all()
    assert "60 utterances" in made.summary  # one and two of 30 people; bed is none of the words
    assert "12 sentences by" in made.summary  # 8, and 2 of each other split


def test_tables_come_from_the_cache_and_are_the_same_for_any_number_of_workers(
    places: SpeechPlaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = prepared(places, tmp_path / "one")
    shutil.copytree(tmp_path / "one" / "voices", tmp_path / "two" / "voices")  # a breathy voice is never twice the same
    second = prepared(places, tmp_path / "two", workers=2)
    assert first.train.ids == second.train.ids
    assert np.array_equal(first.train.features, second.train.features)

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(SpeechPartMaker, "make", never)
    again = prepared(places, tmp_path / "one")
    assert np.array_equal(again.validation.features, first.validation.features)
    with pytest.raises(AssertionError):  # another gap, other sounds
        prepared(places, tmp_path / "one", replace(SPEC, gap_ms=(0.0, 100.0)))


def test_interrupted_work_goes_on_where_it_was(places: SpeechPlaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "ROWS_A_JOB", 20)
    make, made = SpeechPartMaker.make, []

    def counted(self: SpeechPartMaker, rows: tuple) -> object:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(rows)
        return make(self, rows)

    with monkeypatch.context() as patch:
        patch.setattr(SpeechPartMaker, "make", counted)
        with pytest.raises(KeyboardInterrupt):
            prepared(places, tmp_path)
    done = list(made)
    monkeypatch.setattr(SpeechPartMaker, "make", lambda self, rows: made.append(rows) or make(self, rows))
    prepared(places, tmp_path)
    assert not set(done) & set(made[2:])


def test_broken_recordings_are_left_out_and_named(places: SpeechPlaces, tmp_path: Path):
    data = speech_commands(tmp_path / "sc", words="one two", speakers=30)
    broken = sorted((data / "one").glob("*.wav"))[0]
    broken.write_bytes(broken.read_bytes()[:20])
    spec = replace(SPEC, strings=0, takes=0, script="none", recordings=True, empty=0)
    made = prepared(SpeechPlaces((data,)), tmp_path / "cache", spec)
    assert broken.name in made.summary
    assert len(made.train) + len(made.validation) + len(made.test) < 3 * 60


def test_strings_name_each_word_that_can_not_be_heard_once(tmp_path: Path):
    data = speech_commands(tmp_path / "sc", words="one two", speakers=30)
    broken = sorted((data / "one").glob("*.wav"))[:9]
    for number, path in enumerate(broken):
        write(path, noise(0.5, number, level=1e-4))
    made = prepared(SpeechPlaces((data,)), tmp_path / "cache", replace(SPEC, takes=0, script="none", empty=0))
    assert len(made.train) < 60
    names = [item.path.name for item in made.left_out]
    assert len(set(names)) == len(names)
    assert {path.name for path in broken} & set(names)


def test_places_may_call_different_utterances_the_same(tmp_path: Path):
    for place, text in (("a", "one"), ("b", "two")):
        for number in range(30):
            path = write(tmp_path / place / f"{number}.wav", word(f"{place}{number}"))
            path.with_suffix(".txt").write_text(text)
    spec = replace(SPEC, strings=0, takes=0, script="none", recordings=True, empty=0)
    made = prepared(SpeechPlaces((tmp_path / "a", tmp_path / "b")), tmp_path / "cache", spec)
    assert len(set(made.train.ids)) == len(made.train.ids)
    assert set(made.train.texts) == {"one", "two"}
    assert made.train.texts.count("one") == sum(":" not in one for one in made.train.ids)


def test_nothing_to_learn_from_is_an_error(places: SpeechPlaces, tmp_path: Path):
    with pytest.raises(DataError, match="expected utterances for train, found none"):
        prepared(SpeechPlaces(), tmp_path, replace(SPEC, takes=0, script="none"))


def test_texts_that_the_tokens_cannot_write_are_counted(places: SpeechPlaces, tmp_path: Path):
    data = speech_commands(tmp_path / "sc", words="one two", speakers=30)
    spec = replace(SPEC, unit="characters", words=(), strings=20, takes=0, script="none", empty=0)
    made = prepared(SpeechPlaces((data,)), tmp_path / "cache", spec)
    assert made.tokens.decode(made.train.tokens_of(0)) == made.train.texts[0]


def test_digit_strings_are_drawn_evenly_and_half_of_them_in_groups():
    strings = digit_strings(DIGITS, (4, 10), 600, np.random.default_rng(1))
    words = Counter(word for text in strings for word in text.replace(",", "").split())
    assert set(words) == set(DIGITS)
    assert max(words.values()) < 1.25 * min(words.values())
    grouped = [text for text in strings if "," in text]
    assert 0.4 < len(grouped) / len(strings) < 0.6
    assert all(1 <= len(group.split()) <= 4 for text in grouped for group in text.split(", "))
    assert {len(text.replace(",", "").split()) for text in strings} == set(range(4, 11))


def test_other_sentences_say_none_of_the_words_of_a_closed_set():
    spec = replace(SPEC, other_takes=40, words=("one", "two", "four"))
    said, others = write_script(spec, None, 1)
    assert len(said["train"]) == 8
    assert len(said["test"]) == 2
    heard = {word for split in SPLITS for text in others[split] for word in text.split()}
    assert len(others["train"]) == 40
    assert not heard & {"one", "won", "two", "to", "too", "four", "for"}


def test_of_other_sentences_around_templates_the_known_words_are_written(places: SpeechPlaces, tmp_path: Path):
    """Its small words are everywhere: sentences without any can't be had, and to call them nothing would teach to miss them."""
    file = tmp_path / "a.yaml"
    file.write_text('{language: en, intents: {A: {data: [{sentences: ["turn the light (on|off)"]}]}}}')
    words = ("the", "turn", "light", "on", "off", "of", "and", "to")
    spec = replace(SPEC, script="templates", templates="a.yaml", words=words, other_takes=40, strings=0)
    made = prepared(replace(places, data=(), templates=file), tmp_path, spec)
    texts = [text for one, text in zip(made.train.ids, made.train.texts) if one.startswith("others/")]
    said = write_script(spec, file, 1)[1]["train"]
    assert len(said) == 40
    assert len(texts) == 40 * 3
    assert sorted(texts[::3]) == sorted(" ".join(word for word in text.split() if word in words) for text in said)
    assert any(texts)
    assert not all(texts)


def test_what_does_not_go_together_is_refused():
    for changes, message in (
        ({"words": ()}, "words must be named"),
        ({"words": ("One",)}, "lower case"),
        ({"words": ("one", "cat")}, "script = 'digits'"),
        ({"templates": "home.yaml"}, "templates must name a file"),
        ({"script": "none"}, "takes must be 0"),
        ({"gap_ms": (10.0, 0.0)}, "gap_ms"),
    ):
        with pytest.raises(ConfigError, match=message):
            replace(SPEC, **changes)  # type: ignore[arg-type]
