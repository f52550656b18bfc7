"""What the place and the name of a file tell about it, in the layouts of well-known data sets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from edge_asr.data.clips import Split
from edge_asr.data.fsdd import LICENCE as FSDD_LICENCE
from edge_asr.data.fsdd import NAME as FSDD_NAME
from edge_asr.data.fsdd import fsdd_split
from edge_asr.data.negative_clips import Kind
from edge_asr.data.speech_commands import LICENCE as SPEECH_COMMANDS_LICENCE
from edge_asr.data.speech_commands import official_split, read_lists, speaker_of
from edge_asr.data.transcripts import read_common_voice, read_transcripts
from edge_asr.data.walk import NOISE_FOLDER

NOT_STATED = "licence not stated"
NOISE_FOLDERS = (NOISE_FOLDER, "noise", "noises", "music")
"""Folders that hold no speech, as in Speech Commands and MUSAN."""
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PERCENT = 10.0
"""Of the speech, for validation and for test each, where the data set leaves it open."""


@dataclass(frozen=True)
class FileFacts:
    """What is known about one file without opening it."""

    speaker: str | None = None
    split: Split | None = None
    """Where the data set says it."""
    text: str = ""
    """What is said, where that is known."""
    kind: Kind | None = None
    licence: str = NOT_STATED


class Layouts:
    """Knows the layouts, and remembers the lists and transcripts that it has read."""

    def __init__(self) -> None:
        self._lists = cache(read_lists)
        self._transcripts = cache(read_transcripts)
        self._common_voice = cache(read_common_voice)

    def facts(self, path: Path) -> FileFacts:
        """Of one file. Raises `DataError` when a list that belongs to it can't be read."""
        rules = (self._speech_commands, self._fsdd, self._ljspeech, self._librispeech, self._of_common_voice, self._esc)
        return next((facts for rule in rules if (facts := rule(path))), FileFacts())

    def _speech_commands(self, path: Path) -> FileFacts | None:
        root, speaker = path.parent.parent, speaker_of(path.stem)
        if speaker is None and path.parent.name != NOISE_FOLDER:
            return None
        listed = self._lists(root)
        licence = NOT_STATED if listed is None else SPEECH_COMMANDS_LICENCE
        if speaker is None:
            return FileFacts(kind="noise", licence=licence)
        split = official_split(path.stem) if listed is None else listed.get(f"{path.parent.name}/{path.stem}", "train")
        return FileFacts(speaker, split, path.parent.name, "speech", licence)

    def _fsdd(self, path: Path) -> FileFacts | None:
        name = FSDD_NAME.fullmatch(path.stem)
        if name is None or not re.search("fsdd|free-spoken-digit", "/".join(path.parts[-3:-1]), re.IGNORECASE):
            return None
        return FileFacts(name[2], fsdd_split(int(name[3]), PERCENT), DIGITS[int(name[1])], "speech", FSDD_LICENCE)

    def _ljspeech(self, path: Path) -> FileFacts | None:
        """LJSpeech, and M-AILABS, which is laid out like it."""
        metadata = path.parent.parent / "metadata.csv"
        if path.parent.name != "wavs" or not metadata.is_file():
            return None
        text = self._transcripts(metadata, "|").get(path.stem, "")
        ours = re.fullmatch(r"LJ\d{3}-\d{4}", path.stem)
        return FileFacts("LJ", None, text, "speech", "public domain, LJSpeech") if ours else FileFacts(None, None, text, "speech")

    def _librispeech(self, path: Path) -> FileFacts | None:
        """LibriSpeech and its kin: `<part>/<speaker>/<chapter>/<speaker>-<chapter>-<n>.flac`."""
        name = re.fullmatch(r"(\d+)-(\d+)-\d+", path.stem)
        if name is None or [name[1], name[2]] != [path.parent.parent.name, path.parent.name]:
            return None
        part = path.parent.parent.parent.name.partition("-")[0]
        split: Split | None = {"train": "train", "dev": "validation", "test": "test"}.get(part)  # type: ignore[assignment]
        text = self._transcripts(path.parent / f"{name[1]}-{name[2]}.trans.txt", " ").get(path.stem, "")
        return FileFacts(name[1], split, text, "speech", "CC BY 4.0, LibriSpeech")

    def _of_common_voice(self, path: Path) -> FileFacts | None:
        if path.parent.name != "clips" or not path.stem.startswith("common_voice"):
            return None
        split, speaker, text = self._common_voice(path.parent.parent).get(path.stem, (None, None, ""))
        return FileFacts(speaker, split, text, "speech", "CC0, Mozilla Common Voice")

    def _esc(self, path: Path) -> FileFacts | None:
        """ESC-10 and ESC-50: `<fold>-<clip>-<take>-<class>.wav`; no speech."""
        named = re.fullmatch(r"[1-5]-\d+-[A-Z](-\d+)?", path.stem)
        return FileFacts(kind="noise", licence="CC BY-NC / CC BY, ESC (clips from freesound.org)") if named else None


def in_noise_folder(parts: tuple[str, ...]) -> bool:
    """Whether one of these folders' names says that it holds no speech."""
    return any(part.lower() in NOISE_FOLDERS for part in parts)
