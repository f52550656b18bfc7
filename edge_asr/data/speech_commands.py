"""Google Speech Commands (Warden, arXiv 1804.03209), v0.01 and v0.02: `<word>/<speaker>_nohash_<n>.wav` or `.flac`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath

from edge_asr.data.clips import Clip, DataSet, LeftOut, Split
from edge_asr.data.spec import DataSpec
from edge_asr.data.walk import NOISE_FOLDER, audio_files, subfolders
from edge_asr.errors import DataError

LICENCE = "CC BY 4.0, Pete Warden / Google"
LISTS: dict[Split, str] = {"validation": "validation_list.txt", "test": "testing_list.txt"}
MARK = "_nohash_"
HASH_RANGE = 2**27 - 1


def speaker_of(name: str) -> str | None:
    """The speaker in `<speaker>_nohash_<n>`, None when the name is not of that form."""
    speaker, mark, number = name.partition(MARK)
    return speaker if mark and speaker and number else None


def official_split(name: str, validation_percent: float = 10.0, test_percent: float = 10.0) -> Split:
    """The split that the data set's own rule (its README's `which_set`) gives to a file name.

    SHA-1 of the name before `_nohash_` gives a stable percentage: validation lies below `validation_percent`, test in the
    `test_percent` above it. With 10 and 10 it gives the official lists.
    """
    digest = hashlib.sha1(os.fsencode(name.partition(MARK)[0]), usedforsecurity=False).hexdigest()
    percentage = int(digest, 16) % (HASH_RANGE + 1) * (100.0 / HASH_RANGE)
    if percentage < validation_percent:
        return "validation"
    return "test" if percentage < validation_percent + test_percent else "train"


def read_speech_commands(root: Path, spec: DataSpec) -> DataSet:
    """The clips below `root`. Splits are the official lists' where `root` has both, else `official_split` of the speaker.

    Raises `DataError` when `root` is not laid out like Speech Commands.
    """
    listed = read_lists(root)
    clips: list[Clip] = []
    noises: list[Path] = []
    left_out: list[LeftOut] = []
    for folder in subfolders(root):
        files, others = audio_files(folder)
        left_out += others
        if folder.name == NOISE_FOLDER:
            noises += files
            continue
        for path in files:
            speaker = speaker_of(path.stem)
            if speaker is None:
                left_out.append(LeftOut(path, f"not named <speaker>{MARK}<n>"))
                continue
            if listed is None:
                split = official_split(path.stem, spec.validation_percent, spec.test_percent)
            else:
                split = listed.get(f"{folder.name}/{path.stem}", "train")
            clips.append(Clip(path, folder.name, speaker, split))
    if not clips:
        raise DataError(f"{root}: expected Speech Commands (<word>/<speaker>{MARK}<n>.wav or .flac), found no such file")
    return DataSet("speech_commands", root, tuple(clips), tuple(noises), tuple(left_out), LICENCE)


def read_lists(root: Path) -> dict[str, Split] | None:
    """`word/stem` to split (the lists name .wav files even where the clips are stored as FLAC); None without both lists.

    Raises `DataError` when one can't be read.
    """
    result: dict[str, Split] = {}
    for split, name in LISTS.items():
        path = root / name
        if not path.is_file():
            return None
        try:
            lines = path.read_text(encoding="utf-8").split()
        except (OSError, UnicodeDecodeError) as err:
            raise DataError(f"{path}: expected one <word>/<file> a line, found: {err}") from err
        result.update((PurePosixPath(line).with_suffix("").as_posix(), split) for line in lines)
    return result
