"""The data room on real recordings."""

import os
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.clips import DataSet
from edge_asr.data.prepare import prepare
from edge_asr.data.readers import read_dataset
from edge_asr.data.spec import AugmentSpec, DataSpec
from edge_asr.data.speech_commands import official_split
from edge_asr.frontend.presets import PRESETS

pytestmark = pytest.mark.needs_data

COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go", "_unknown_", "_silence_")
SPEECH_COMMANDS = DataSpec(reader="speech_commands", labels=COMMANDS)


@pytest.fixture(scope="module")
def data() -> Path:
    folder = os.environ.get("EDGE_ASR_DATA")
    if not folder:
        pytest.skip("set EDGE_ASR_DATA to a folder with speech_commands/, fsdd/ and wake/")
    return Path(folder)


@pytest.fixture(scope="module")
def speech_commands(data: Path) -> DataSet:
    return read_dataset(SPEECH_COMMANDS, data / "speech_commands")


def test_every_clip_has_the_split_of_the_lists(data: Path, speech_commands: DataSet):
    lists = {"validation": "validation_list.txt", "test": "testing_list.txt"}
    listed = {
        line.rpartition(".")[0]: split
        for split, name in lists.items()
        for line in (data / "speech_commands" / name).read_text().splitlines()
    }
    names = {
        clip.path.relative_to(data / "speech_commands").with_suffix("").as_posix(): clip.split for clip in speech_commands.clips
    }
    assert set(listed) <= set(names)
    assert names == {name: listed.get(name, "train") for name in names}
    assert speech_commands.left_out == ()


def test_the_official_hash_agrees_with_the_test_list(speech_commands: DataSet):
    """These lists are a part of the official ones, so some clips that the hash holds back are in another split here."""
    pairs = Counter((clip.split, official_split(clip.path.stem)) for clip in speech_commands.clips)
    tested = sum(count for (split, _), count in pairs.items() if split == "test")
    assert pairs["test", "test"] == tested > 0
    assert pairs["train", "validation"] == pairs["validation", "train"] == 0


@pytest.mark.parametrize("spec", [SPEECH_COMMANDS, replace(SPEECH_COMMANDS, reader="folder")], ids=["lists", "folder"])
def test_no_speaker_is_in_two_splits(data: Path, spec: DataSpec):
    splits = defaultdict(set)
    for clip in read_dataset(spec, data / "speech_commands").clips:
        splits[clip.speaker].add(clip.split)
    assert None not in splits
    assert len(splits) > 1000
    assert max(map(len, splits.values())) == 1


def test_fsdd_has_its_usual_test_split(data: Path):
    dataset = read_dataset(DataSpec(reader="fsdd", labels=tuple("0123456789")), data / "fsdd")
    assert Counter(clip.split for clip in dataset.clips) == {"train": 2400, "validation": 300, "test": 300}
    assert len({clip.speaker for clip in dataset.clips}) == 6


def test_wake_words_without_speakers_are_split_by_clip(data: Path):
    dataset = read_dataset(DataSpec(reader="folder", labels=("alexa", "smart_mirror")), data / "wake")
    counts = Counter((clip.word, clip.split) for clip in dataset.clips)
    assert {counts[word, "train"] for word in ("alexa", "smart_mirror")} == {160}


def test_features_of_recordings_are_finite_and_broad(speech_commands: DataSet, tmp_path: Path):
    few = replace(speech_commands, clips=speech_commands.clips[::25])
    prepared = prepare(few, PRESETS["logmel40"], SPEECH_COMMANDS, AugmentSpec(copies=1), seed=0, cache_dir=tmp_path)
    assert prepared.left_out == ()
    assert set(prepared.train.labels) == set(range(12))
    features = np.asarray(prepared.train.features, np.float32)
    assert np.isfinite(features).all()
    assert features.std() > 1  # natural logarithms of energies: speech and pauses differ by far more than e
