"""A folder with one subfolder a label: `<label>/<file>.wav` or `.flac`, also `<label>/<speaker>/<file>`.

Who speaks is taken from, in this order:
1. `<speaker>_nohash_<n>`, as Speech Commands names its files;
2. the folder between the label's and the file;
3. the name `<speaker>_<n>` or `<label>_<speaker>_<n>` (`n` digits), but only speakers who stand among three or more in some
   label: `take_1, take_2, ...` names nobody, nor does `yes/y_1`, `no/n_1`.
With three known speakers or more, each is in one split as a whole; clips without a speaker, and all clips otherwise, are
split label by label by the hash of their name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from edge_asr.data.clips import Clip, DataSet, LeftOut, Split
from edge_asr.data.spec import DataSpec
from edge_asr.data.speech_commands import speaker_of
from edge_asr.data.split import MIN_GROUPS, assign_splits
from edge_asr.data.walk import NOISE_FOLDER, audio_files, subfolders
from edge_asr.errors import DataError


def read_folder(root: Path, spec: DataSpec) -> DataSet:
    """The clips in the subfolders of `root`; `_background_noise_` among them holds noise.

    Raises `DataError` when `root` is no folder, or no subfolder holds an audio file.
    """
    files: list[tuple[str, Path]] = []
    noises: list[Path] = []
    left_out: list[LeftOut] = []
    for folder in subfolders(root):
        found, others = audio_files(folder, deep=True)
        left_out += others
        if folder.name == NOISE_FOLDER:
            noises += found
        else:
            files += [(folder.name, path) for path in found]
    if not files:
        raise DataError(f"{root}: expected a subfolder of .wav or .flac files for each label, found no such file")
    clips = _split(root, files, _speakers(root, files), spec)
    return DataSet(root.resolve().name, root, clips, tuple(noises), tuple(left_out))


def _speakers(root: Path, files: list[tuple[str, Path]]) -> dict[Path, str]:
    """The speaker of each file that tells one."""
    stated: dict[Path, str] = {}
    guessed: dict[str, dict[Path, str]] = {}
    for label, path in files:
        between = path.relative_to(root / label).parent.as_posix()
        speaker = speaker_of(path.stem) or (between if between != "." else None)
        prefix = re.fullmatch(r"(.+?)_\d+", path.stem.removeprefix(f"{label}_"))
        if speaker:
            stated[path] = speaker
        elif prefix:
            guessed.setdefault(label, {})[path] = prefix[1]
    groups = [set(of_label.values()) for of_label in guessed.values()]
    believed = set().union(*(names for names in groups if len(names) >= MIN_GROUPS))
    prefixes = {path: name for of_label in guessed.values() for path, name in of_label.items() if name in believed}
    return prefixes | stated


def _split(root: Path, files: list[tuple[str, Path]], speakers: dict[Path, str], spec: DataSpec) -> tuple[Clip, ...]:
    def assign(names: Iterable[str]) -> dict[str, Split]:
        return assign_splits(Counter(names), spec.validation_percent, spec.test_percent)

    by_speaker = assign(speakers.values()) if len(set(speakers.values())) >= MIN_GROUPS else {}
    alone: dict[str, list[str]] = {}
    for label, path in files:
        if speakers.get(path) not in by_speaker:
            alone.setdefault(label, []).append(path.relative_to(root).as_posix())
    by_name = {name: split for names in alone.values() for name, split in assign(names).items()}
    return tuple(
        Clip(
            path, label, speakers.get(path), by_speaker.get(speakers.get(path, "")) or by_name[path.relative_to(root).as_posix()]
        )
        for label, path in files
    )
