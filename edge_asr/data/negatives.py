"""Speech and noise that are not the phrase, from whatever the user names: folders, archives, files, known data sets."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_asr.data.archive import is_archive, unpacked
from edge_asr.data.audio_file import SUFFIXES, audio_seconds
from edge_asr.data.clips import LeftOut, Split
from edge_asr.data.negative_clips import Kind, NegativeClip, Negatives
from edge_asr.data.negative_layouts import PERCENT, FileFacts, Layouts, in_noise_folder
from edge_asr.data.negative_windows import Window, draw_windows, load_window, stream, streams
from edge_asr.data.speech_commands_archive import locate_speech_commands
from edge_asr.data.split import assign_splits, stable_hash
from edge_asr.data.walk import audio_files
from edge_asr.errors import AudioError, DataError
from edge_asr.progress import Progress, no_progress

__all__ = ["Negatives", "Window", "draw_windows", "load_window", "read_negatives", "stream", "streams"]

ALL_SUFFIXES = (*SUFFIXES, ".mp3", ".ogg", ".opus")
PART_SECONDS = 300.0
"""Longer files are dealt out in parts of at most this, so that one file serves every split and fits into memory."""
MIN_SPEAKERS = 10
"""Fewer known speakers would make too uneven splits: then the files are dealt out one by one."""


@dataclass(frozen=True)
class _File:
    path: Path
    place: Path
    name: str
    """Its path below the place."""
    facts: FileFacts


def read_negatives(
    places: Sequence[Path], *, phrases: Sequence[str] = (), kind: Kind = "speech", progress: Progress = no_progress
) -> Negatives:
    """List the clips in `places`: folders, archives (unpacked beside themselves) and single files, at any depth.

    `kind` is what a file holds whose place does not tell it. Left out and counted: files that can't be opened, and files
    that say one of `phrases`, be it by their folder's name, their own, or the data set's transcript. Splits are the data
    set's own where it has some, else by speaker where many are known, else by the hash of the file's name: a tenth each for
    validation and test. Lengths come from the files' headers; nothing is decoded. Raises `DataError` when a place is
    missing or holds no usable file.
    """
    clips: list[NegativeClip] = []
    left_out: list[LeftOut] = []
    seen: set[Path] = set()
    for place in places:
        listed = list(_files(place, progress))
        files = [file for file in listed if file.path not in seen]
        seen.update(file.path for file in files)
        found, others = _read_place(files, [said for phrase in phrases if (said := words(phrase))], kind, progress)
        if not found and len(files) == len(listed):
            why = f"{len(others)} files, none of them usable" if others else f"no {', '.join(ALL_SUFFIXES)} file"
            raise DataError(f"{place}: expected recordings that do not say the phrase, found {why}")
        clips += found
        left_out += others
    return Negatives(tuple(clips), tuple(left_out))


def words(text: str) -> tuple[str, ...]:
    """A text, or a name like `smart_mirror`, in lower-case words without punctuation."""
    return tuple(re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text.lower()))


def says(text: str, phrase: Sequence[str]) -> bool:
    """Whether the words of `phrase` stand next to each other in `text`."""
    said = words(text)
    return any(said[i : i + len(phrase)] == tuple(phrase) for i in range(len(said) - len(phrase) + 1))


def _files(place: Path, progress: Progress) -> Iterator[_File]:
    place = (unpacked(place, progress=progress) if is_archive(place) else place).resolve()
    if place.is_file():
        paths = [place] if place.suffix.lower() in ALL_SUFFIXES else []
        place = place.parent
    else:
        place = locate_speech_commands(place, progress=progress)
        paths, _ = audio_files(place, deep=True, suffixes=ALL_SUFFIXES)
    layouts = Layouts()
    for path in paths:
        yield _File(path, place, path.relative_to(place).as_posix(), layouts.facts(path))


def _read_place(
    files: Sequence[_File], phrases: Sequence[Sequence[str]], kind: Kind, progress: Progress
) -> tuple[list[NegativeClip], list[LeftOut]]:
    clips: list[NegativeClip] = []
    left_out: list[LeftOut] = []
    splits = _speakers_splits(files)
    for done, file in enumerate(files, start=1):
        phrase = next((phrase for phrase in phrases if _is_phrase(file, phrase)), None)
        try:
            if phrase is None:
                clips += _parts(file, audio_seconds(file.path), splits.get(file.facts.speaker or ""), kind)
            else:
                left_out.append(LeftOut(file.path, f"says {' '.join(phrase)!r}"))
        except AudioError as err:
            left_out.append(LeftOut(file.path, str(err).removeprefix(f"{file.path}: ")))
        progress("negatives", done, len(files))
    return clips, left_out


def _is_phrase(file: _File, phrase: Sequence[str]) -> bool:
    """By transcript, by the name of a folder that it lies in, or by its own name less what numbers it."""
    folders = (file.place.name, *file.name.split("/")[:-1])
    own = [word for word in words(file.path.stem) if not word.isdigit()]
    return own == list(phrase) or says(file.facts.text, phrase) or any(words(name) == tuple(phrase) for name in folders)


def _speakers_splits(files: Sequence[_File]) -> dict[str, Split]:
    """Of the speakers whose split the data set leaves open, where they are many."""
    sizes = Counter(file.facts.speaker for file in files if file.facts.speaker and not file.facts.split)
    return assign_splits(sizes, PERCENT, PERCENT) if len(sizes) >= MIN_SPEAKERS else {}


def _parts(file: _File, seconds: float, split: Split | None, kind: Kind) -> Iterator[NegativeClip]:
    facts = file.facts
    noisy = in_noise_folder((file.place.name, *file.name.split("/")[:-1]))
    its_kind = facts.kind or ("noise" if noisy else kind)
    count = math.ceil(seconds / PART_SECONDS)
    for part in range(count):
        own = facts.split or split or _split_of("/".join(file.path.parts[-2:]), part)
        yield NegativeClip(file.path, own, facts.speaker, seconds / count, its_kind, facts.licence, start=part * seconds / count)


def _split_of(name: str, part: int) -> Split:
    """Every tenth part is test's, every tenth validation's; the hash of the name says where the counting begins.

    The name is the folder's and the file's: the same, whether the data set is named as a place or the folder around it.
    """
    place = (stable_hash(name) + part) % 10
    return "test" if place == 0 else "validation" if place == 5 else "train"
