from collections import Counter
from pathlib import Path

import pytest

from edge_asr.data.readers import read_dataset
from edge_asr.data.spec import DataSpec
from edge_asr.errors import DataError

SPEC = DataSpec(reader="fsdd", labels=tuple("0123456789"), validation_percent=10)


@pytest.mark.parametrize("folder", [".", "recordings"])
def test_the_usual_test_split_and_validation_after_it(tmp_path: Path, folder: str):
    (tmp_path / folder).mkdir(exist_ok=True)
    for take in range(50):
        for digit in (3, 7):
            (tmp_path / folder / f"{digit}_theo_{take}.wav").touch()
    (tmp_path / folder / "seven_theo_1.wav").touch()
    dataset = read_dataset(SPEC, tmp_path)
    assert Counter(clip.split for clip in dataset.clips) == {"train": 80, "validation": 10, "test": 10}
    takes = sorted((clip.split, int(clip.path.stem.split("_")[2])) for clip in dataset.clips if clip.word == "3")
    assert takes[:5] == [("test", take) for take in range(5)]
    assert takes[-5:] == [("validation", take) for take in range(5, 10)]
    assert {(clip.word, clip.speaker) for clip in dataset.clips} == {("3", "theo"), ("7", "theo")}
    assert [item.path.name for item in dataset.left_out] == ["seven_theo_1.wav"]


def test_another_layout_is_a_data_error(tmp_path: Path):
    with pytest.raises(DataError, match="FSDD"):
        read_dataset(SPEC, tmp_path)
