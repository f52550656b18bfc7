"""The Free Spoken Digit Dataset: `<digit>_<speaker>_<n>.wav` or `.flac` in one folder, 50 takes of each digit a speaker."""

from __future__ import annotations

import re
from pathlib import Path

from edge_asr.data.clips import Clip, DataSet, LeftOut, Split
from edge_asr.data.spec import DataSpec
from edge_asr.data.walk import NOISE_FOLDER, audio_files, subfolders
from edge_asr.errors import DataError

LICENCE = "CC BY-SA 4.0, Zohar Jackson and contributors"
TAKES, TEST_TAKES = 50, 5
NAME = re.compile(r"(\d)_(.+)_(\d+)")


def fsdd_split(take: int, validation_percent: float) -> Split:
    """The usual split: takes 0 to 4 are test; the next `validation_percent` of the 50 takes are validation.

    All six speakers are so in every split: the numbers that are usual for this data set, and these, are about known
    speakers. With six speakers nothing else would be comparable; for a split by speaker use the reader `folder`.
    """
    if take < TEST_TAKES:
        return "test"
    return "validation" if take < TEST_TAKES + round(TAKES * validation_percent / 100) else "train"


def read_fsdd(root: Path, spec: DataSpec) -> DataSet:
    """The clips in `root` (or its folder `recordings`, as in the repository); the words are `0` to `9`.

    `spec.test_percent` is not used: the test takes are fixed. Raises `DataError` when there is no such file.
    """
    folders = {folder.name: folder for folder in subfolders(root)}
    files, left_out = audio_files(folders.get("recordings", root))
    clips: list[Clip] = []
    for path in files:
        name = NAME.fullmatch(path.stem)
        if name is None:
            left_out.append(LeftOut(path, "not named <digit>_<speaker>_<n>"))
            continue
        clips.append(Clip(path, name[1], name[2], fsdd_split(int(name[3]), spec.validation_percent)))
    if not clips:
        raise DataError(f"{root}: expected FSDD's recordings (<digit>_<speaker>_<n>.wav or .flac), found no such file")
    noises, others = audio_files(folders[NOISE_FOLDER]) if NOISE_FOLDER in folders else ([], [])
    return DataSet("fsdd", root, tuple(clips), tuple(noises), tuple(left_out + others), LICENCE)
