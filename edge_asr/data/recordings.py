"""The user's own recordings of a phrase: found, trimmed, split.

One phrase: files right in the folder, or in its subfolder of the phrase's label. Several: a subfolder for each. Below that, a
folder is a speaker; a file name may tell one too (`<speaker>_nohash_<n>`, `<speaker>_<n>`). A long file may hold the phrase
several times (see `edge_asr.data.takes`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from edge_asr.bundle.phrase import phrase_label
from edge_asr.data.audio_file import read_audio
from edge_asr.data.clips import SPLITS, LeftOut, Split, describe_left_out
from edge_asr.data.speech_commands import speaker_of
from edge_asr.data.split import MIN_GROUPS, assign_splits
from edge_asr.data.takes import contexts_of, takes_in
from edge_asr.data.walk import audio_files, subfolders
from edge_asr.errors import AudioError, DataError
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.speech_span import Span

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3")
RATE = 16000
"""Hz; speech is looked for at this rate, whatever the file's."""
ENOUGH = 10
"""With fewer recordings of a phrase, all are learnt from."""
LEARNT: Split = "train"
VALIDATION_PERCENT = 20.0
CONTEXT_SECONDS = 2.0
"""What training takes on either side of the phrase, where there is so much: the room that it was said in."""


@dataclass(frozen=True)
class Recording:
    """A phrase that somebody said once."""

    path: Path
    label: str
    """The phrase's label: `smart_mirror`."""
    start: float
    """Seconds into the file: the phrase begins."""
    end: float
    """Seconds into the file: the phrase ends."""
    context: Span
    """The part of the file around it in which it is said this once."""
    speaker: str | None
    split: Split = LEARNT


@dataclass(frozen=True)
class Recordings:
    """All recordings in one folder, sorted by path and time."""

    root: Path
    clips: tuple[Recording, ...]
    left_out: tuple[LeftOut, ...] = ()

    def summary(self) -> str:
        """How many of what, from how many speakers, in which splits, and what was left out, in a line or two."""
        phrases = ", ".join(f"{count} of {label}" for label, count in sorted(Counter(clip.label for clip in self.clips).items()))
        speakers = {clip.speaker for clip in self.clips} - {None}
        splits = Counter(clip.split for clip in self.clips)
        counts = ", ".join(f"{splits[split]} {split}" for split in SPLITS if splits[split])
        known = f"{len(speakers)} known speakers" if speakers else "speakers unknown"
        return f"{len(self.clips)} recordings: {phrases}; {known} ({counts})" + describe_left_out(self.left_out)


def read_recordings(folder: Path, *, phrases: Sequence[str], progress: Progress = no_progress) -> Recordings:
    """The recordings of `phrases` (as typed) below `folder`. Every file is opened once, and its phrase looked for.

    With `ENOUGH` recordings of a phrase, `VALIDATION_PERCENT` are kept for validation: whole speakers where three or more are
    known, else by the hash of their names. Raises `DataError` when there is nothing usable, `ConfigError` for a bad phrase.
    """
    left_out: list[LeftOut] = []
    files = list(_files(folder, list(dict.fromkeys(map(phrase_label, phrases))), left_out))
    clips: list[Recording] = []
    for done, (label, path, speaker) in enumerate(files):
        progress("recordings", done, len(files))
        try:
            samples = read_audio(path, RATE)
            takes, others = takes_in(samples, RATE)
        except AudioError as err:
            left_out.append(LeftOut(path, str(err).removeprefix(f"{path}: ")))
            continue
        left_out += [LeftOut(path, f"{span.start:.1f} to {span.end:.1f} s is not as long as the others") for span in others]
        contexts = contexts_of(takes, len(samples) / RATE)
        clips += [Recording(path, label, take.start, take.end, room, speaker) for take, room in zip(takes, contexts)]
    if not clips:
        raise DataError(
            f"{folder}: expected recordings of {', '.join(map(repr, phrases))}, one or more audio files in it or in a subfolder "
            f"for each phrase, found none usable{describe_left_out(left_out)}; edge-asr record takes them"
        )
    return Recordings(folder, _split(folder, clips), tuple(left_out))


def _files(folder: Path, labels: Sequence[str], left_out: list[LeftOut]) -> Iterator[tuple[str, Path, str | None]]:
    """Label, file and speaker."""
    named = {"_".join(place.name.lower().split()): place for place in subfolders(folder)}
    for label in labels:
        place = named.get(label, folder if len(labels) == 1 else None)
        if place is None:
            continue
        found, others = audio_files(place, deep=True, suffixes=SUFFIXES)
        left_out += others
        for path in found:
            yield label, path, _speaker(path, path.relative_to(place).parent.as_posix(), label)


def _speaker(path: Path, between: str, label: str) -> str | None:
    numbered = re.fullmatch(r"(.+?)_\d+", path.stem.removeprefix(f"{label}_"))
    return speaker_of(path.stem) or (between if between != "." else None) or (numbered[1] if numbered else None)


def _split(root: Path, clips: Sequence[Recording]) -> tuple[Recording, ...]:
    speakers = Counter(clip.speaker for clip in clips if clip.speaker)
    many = len(speakers) >= MIN_GROUPS and len(clips) >= ENOUGH
    by_speaker = assign_splits(speakers, VALIDATION_PERCENT, 0.0) if many else {}
    result = []
    for _, group in groupby(clips, key=lambda clip: clip.label):
        names = {f"{clip.path.relative_to(root).as_posix()} {clip.start:.2f}": clip for clip in group}
        alone = {name: 1 for name, clip in names.items() if clip.speaker not in by_speaker}
        by_name = dict.fromkeys(alone, LEARNT)
        if len(alone) >= ENOUGH:
            by_name = assign_splits(alone, VALIDATION_PERCENT, 0.0)
        result += [
            replace(clip, split=by_name[name] if name in by_name else by_speaker[clip.speaker or ""])
            for name, clip in names.items()
        ]
    return tuple(result)
