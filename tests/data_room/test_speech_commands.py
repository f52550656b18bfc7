import hashlib
from pathlib import Path

import pytest

from edge_asr.data.readers import read_dataset
from edge_asr.data.spec import DataSpec
from edge_asr.data.speech_commands import official_split
from edge_asr.errors import DataError
from tests.data_room.sounds import speech_commands, word, write

SPEC = DataSpec(reader="speech_commands", labels=("yes", "no"))


def which_set(name: str, validation: float, test: float) -> str:
    """The rule as the data set's README words it, written a second time."""
    number = int(hashlib.sha1(name.split("_nohash_")[0].encode()).hexdigest(), 16)
    percent = (number % 2**27) * 100 / (2**27 - 1)
    return "validation" if percent < validation else "test" if percent < validation + test else "train"


@pytest.mark.parametrize(("validation", "test"), [(10, 10), (30, 5), (0, 50)])
def test_official_split_is_the_published_rule(validation: float, test: float):
    names = [f"{i:08x}_nohash_{i % 7}" for i in range(0, 2**32, 2**32 // 997)]
    expected = [which_set(name, validation, test) for name in names]
    assert len(set(expected)) == (3 if validation else 2)
    assert [official_split(name, validation, test) for name in names] == expected


def test_names_of_the_official_lists_get_the_split_of_the_lists():
    # Speakers of v0.02's validation_list.txt and testing_list.txt.
    assert {official_split(f"{s}_nohash_1") for s in ("0e17f595", "171b56dc", "1aed7c6d")} == {"validation"}
    assert {official_split(f"{s}_nohash_4") for s in ("0cb74144", "5170b77f", "f2e59fea")} == {"test"}


def test_without_lists_the_hash_decides(tmp_path: Path):
    dataset = read_dataset(SPEC, speech_commands(tmp_path, speakers=40))
    assert {clip.word for clip in dataset.clips} == {"yes", "no", "bed", "cat"}
    assert len({clip.speaker for clip in dataset.clips}) == 40
    assert all(clip.split == official_split(clip.path.stem) for clip in dataset.clips)
    assert [path.name for path in dataset.noises] == ["hiss.wav", "hum.wav"]


def test_lists_decide_whatever_the_ending_of_the_files(tmp_path: Path):
    for speaker in ("aa", "bb", "cc"):
        write(tmp_path / "yes" / f"{speaker}_nohash_0.flac", word(speaker))
    (tmp_path / "validation_list.txt").write_text("yes/aa_nohash_0.wav\n")
    (tmp_path / "testing_list.txt").write_text("yes/bb_nohash_0.flac\nno/gone_nohash_0.wav\n")
    splits = {clip.speaker: clip.split for clip in read_dataset(SPEC, tmp_path).clips}
    assert splits == {"aa": "validation", "bb": "test", "cc": "train"}


def test_odd_files_are_named_and_left_out(tmp_path: Path):
    speech_commands(tmp_path, words="yes", speakers=3)
    (tmp_path / "yes" / "notes.pdf").write_bytes(b"%PDF")
    (tmp_path / "yes" / ".DS_Store").write_bytes(b"")
    write(tmp_path / "yes" / "somebody.wav", word("somebody"))
    dataset = read_dataset(SPEC, tmp_path)
    assert len(dataset.clips) == 3
    assert [item.path.name for item in dataset.left_out] == ["notes.pdf", "somebody.wav"]
    assert "2 files left out" in dataset.summary()
    assert "notes.pdf" in dataset.summary()


@pytest.mark.parametrize("name", ["nowhere", "file", "empty"])
def test_another_layout_is_a_data_error(tmp_path: Path, name: str):
    (tmp_path / "file").write_text("")
    (tmp_path / "empty" / "yes").mkdir(parents=True)
    with pytest.raises(DataError, match=name):
        read_dataset(SPEC, tmp_path / name)


def test_a_list_that_is_no_text_is_a_data_error(tmp_path: Path):
    speech_commands(tmp_path, words="yes", speakers=1)
    (tmp_path / "validation_list.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "testing_list.txt").write_text("")
    with pytest.raises(DataError, match=r"validation_list\.txt"):
        read_dataset(SPEC, tmp_path)
