from collections import Counter, defaultdict
from pathlib import Path

import pytest

from edge_asr.data.clips import SPLITS
from edge_asr.data.readers import read_dataset
from edge_asr.data.spec import DataSpec
from edge_asr.errors import DataError

SPEC = DataSpec(reader="folder", labels=("yes", "no"), validation_percent=20, test_percent=20)


def touch(root: Path, *names: str) -> None:
    """Files without content: readers of data sets open none."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def speakers(root: Path) -> dict[str, str | None]:
    return {clip.path.relative_to(root).as_posix(): clip.speaker for clip in read_dataset(SPEC, root).clips}


def assert_no_speaker_in_two_splits(root: Path) -> None:
    splits = defaultdict(set)
    for clip in read_dataset(SPEC, root).clips:
        splits[clip.speaker].add(clip.split)
    assert None not in splits
    assert all(len(of_speaker) == 1 for of_speaker in splits.values())
    assert set().union(*splits.values()) == {"train", "validation", "test"}


@pytest.mark.parametrize(
    "pattern",
    ["{label}/{who}_nohash_{n}.wav", "{label}/{who}/{n}.flac", "{label}/{who}_{n}.wav", "{label}/{label}_{who}_{n}.wav"],
)
def test_known_speakers_are_in_one_split_each(tmp_path: Path, pattern: str):
    people = [f"p{i}x" for i in range(9)]
    touch(tmp_path, *(pattern.format(label=label, who=who, n=n) for label in ("yes", "no") for who in people for n in (1, 2)))
    assert set(speakers(tmp_path).values()) == set(people)
    assert_no_speaker_in_two_splits(tmp_path)


def test_a_counted_word_is_no_speaker(tmp_path: Path):
    touch(tmp_path, *(f"{label}/take_{n}.wav" for label in ("yes", "no") for n in range(10)))
    touch(tmp_path, *(f"_unknown_/u_{n}.wav" for n in range(10)), *(f"_silence_/{n}.wav" for n in range(10)))
    assert set(speakers(tmp_path).values()) == {None}
    splits = Counter((clip.word, clip.split) for clip in read_dataset(SPEC, tmp_path).clips)
    for label in ("yes", "no", "_unknown_", "_silence_"):
        assert [splits[label, split] for split in SPLITS] == [6, 2, 2]


def test_a_speaker_of_one_label_is_the_same_in_another(tmp_path: Path):
    """`no` alone would not tell that `anna` is a name."""
    touch(tmp_path, *(f"yes/{who}_{n}.wav" for who in ("anna", "bert", "carl", "dora") for n in range(3)), "no/anna_1.wav")
    assert speakers(tmp_path)["no/anna_1.wav"] == "anna"
    assert_no_speaker_in_two_splits(tmp_path)


def test_two_speakers_are_too_few_to_keep_apart(tmp_path: Path):
    touch(tmp_path, *(f"yes/{who}_nohash_{n}.wav" for who in ("anna", "bert") for n in range(10)))
    splits = Counter(clip.split for clip in read_dataset(SPEC, tmp_path).clips)
    assert splits == {"train": 12, "validation": 4, "test": 4}


def test_splits_depend_on_names_alone(tmp_path: Path):
    names = [f"yes/{n}.wav" for n in range(30)]
    touch(tmp_path / "a", *names)
    touch(tmp_path / "elsewhere" / "b", *reversed(names))
    splits = [
        {clip.path.name: clip.split for clip in read_dataset(SPEC, root).clips}
        for root in (tmp_path / "a", tmp_path / "elsewhere" / "b")
    ]
    assert splits[0] == splits[1]


def test_noise_and_odd_files(tmp_path: Path):
    touch(tmp_path, "yes/1.wav", "no/1.FLAC", "_background_noise_/fan.wav", "no/cover.jpg", ".git/x.wav", "README.md")
    dataset = read_dataset(SPEC, tmp_path)
    assert [clip.path.name for clip in dataset.clips] == ["1.FLAC", "1.wav"]
    assert [path.name for path in dataset.noises] == ["fan.wav"]
    assert [item.path.name for item in dataset.left_out] == ["cover.jpg"]


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_nothing_to_read_is_a_data_error(tmp_path: Path, name: str):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=name):
        read_dataset(SPEC, tmp_path / name)
