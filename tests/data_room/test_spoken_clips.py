from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.clips import Clip, DataSet
from edge_asr.data.prepare import prepare
from edge_asr.data.readers import read_dataset
from edge_asr.data.spec import AugmentSpec, DataSpec
from edge_asr.data.spoken_clips import WithVoices, with_voices
from edge_asr.data.tables import Prepared
from edge_asr.data.voices_spec import VoicesSpec
from edge_asr.errors import SynthesisError
from edge_asr.frontend.presets import PRESETS
from tests.data_room.sounds import speech_commands

LABELS = ("yes", "no", "_unknown_", "_silence_")
SPEC = VoicesSpec(engines=("espeak",), takes=3, other_takes=4, near_misses=6, near_miss_takes=6)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    root = speech_commands(tmp_path_factory.mktemp("recordings"), speakers=12)
    return read_dataset(DataSpec("speech_commands", LABELS, validation_percent=20.0, test_percent=20.0), root)


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("voices")


def spoken(dataset: DataSet, voices: Path, spec: VoicesSpec = SPEC, labels: tuple[str, ...] = LABELS) -> WithVoices:
    return with_voices(dataset, spec, labels, voices, seed=1)


def added(dataset: DataSet, result: WithVoices) -> tuple[Clip, ...]:
    assert result.dataset.clips[: len(dataset.clips)] == dataset.clips
    return result.dataset.clips[len(dataset.clips) :]


def test_voices_say_labels_and_other_words_to_train_on(dataset: DataSet, voices: Path) -> None:
    result = spoken(dataset, voices)
    clips = added(dataset, result)
    words = Counter(clip.word for clip in clips)
    others = {clip.word for clip in dataset.clips} - set(LABELS)
    assert words["yes"] == words["no"] == 3
    assert others
    assert sum(words[word] for word in others) == 4
    assert words.total() == 6 + 4 + 6 == result.spoken.spoken == sum(result.spoken.engines.values())
    assert {clip.split for clip in clips} == {"train"}
    assert all(clip.speaker and clip.speaker.startswith("espeak/") and clip.path.is_file() for clip in clips)


def test_names_are_different_and_say_nothing_of_the_place(dataset: DataSet, voices: Path, tmp_path: Path) -> None:
    here, there = spoken(dataset, voices).dataset, spoken(dataset, tmp_path).dataset
    names = [here.clip_id(clip) for clip in here.clips]
    assert len(set(names)) == len(names)
    assert names == [there.clip_id(clip) for clip in there.clips]
    assert not any(str(place) in name for name in names for place in (voices, tmp_path))


def test_summary_tells_of_voices_and_licences(dataset: DataSet, voices: Path) -> None:
    result = spoken(dataset, voices)
    assert f"16 takes by {len(result.spoken.voices)} synthetic voices" in result.dataset.name
    assert "GPL" in result.dataset.licence


def test_no_near_miss_sounds_like_another_label(dataset: DataSet, voices: Path) -> None:
    spec = VoicesSpec(engines=("espeak",), takes=0, other_takes=0, near_misses=12, near_miss_distance=0.1, near_miss_takes=40)
    labels = ("go", "no", "doh", "_unknown_")
    said = {clip.word for clip in added(dataset, spoken(dataset, voices, spec, labels))}
    assert len(said) > 5
    assert not said & {"go", "no", "know", "doh", "dough"}


def test_frequent_words_are_said_where_the_data_set_names_no_others(dataset: DataSet, voices: Path) -> None:
    named = tuple(clip for clip in dataset.clips if clip.word in LABELS)
    spec = replace(SPEC, takes=0, other_takes=300, near_misses=0)
    clips = added(replace(dataset, clips=named), spoken(replace(dataset, clips=named), voices, spec))
    assert len({clip.word for clip in clips}) > 250
    assert not {clip.word for clip in clips} & {"yes", "no", "know"}


def test_without_unknown_only_labels_are_said_as_they_are_read(dataset: DataSet, voices: Path) -> None:
    result = spoken(dataset, voices, labels=("yes", "turn_off"))
    assert Counter(clip.word for clip in added(dataset, result)) == {"yes": 3, "turn_off": 3}
    assert result.spoken.asked == 6


def test_an_engine_that_is_not_there_is_named(dataset: DataSet, voices: Path) -> None:
    with pytest.raises(SynthesisError, match=r"voices\.engines: expected some of those that speak en .*, found nobody"):
        spoken(dataset, voices, VoicesSpec(engines=("nobody",)))


def test_takes_are_learnt_from_and_never_judged_by(dataset: DataSet, voices: Path, tmp_path: Path) -> None:
    data = DataSpec("speech_commands", LABELS, validation_percent=20.0, test_percent=20.0)

    def table(dataset: DataSet) -> Prepared:
        return prepare(dataset, PRESETS["logmel40"], data, AugmentSpec(copies=1), seed=1, cache_dir=tmp_path)

    plain, more = table(dataset), table(spoken(dataset, voices).dataset)
    assert more.validation.ids == plain.validation.ids
    assert more.test.ids == plain.test.ids
    taken = {name: label for name, label in zip(more.train.ids, more.train.labels) if name.startswith("_voices_/")}
    assert Counter(LABELS[label] for label in taken.values()) == {"yes": 3, "no": 3, "_unknown_": 10}
    rows = [more.train.ids.index(name) for name in taken]
    assert np.asarray(more.train.features[rows, 0], np.float32).max(axis=(1, 2)).min() > 0  # speech, not silence
