"""Transcribed speech: one call that reads any known layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from edge_asr.data.archive import is_archive, unpacked
from edge_asr.data.clips import LeftOut, Split
from edge_asr.data.transcribed import beside, common_voice, json_lines, librispeech, ljspeech, one_word
from edge_asr.data.transcribed.row import Reader, Row
from edge_asr.data.transcribed.splits import splits_of
from edge_asr.data.transcribed.usable import Usable, check_row
from edge_asr.data.transcribed.utterances import Utterances, describe_reasons
from edge_asr.data.utterance import Utterance
from edge_asr.data.walk import subfolders
from edge_asr.errors import DataError
from edge_asr.progress import Progress, no_progress

__all__ = ["READERS", "Utterances", "read_transcribed"]

READERS = {
    "librispeech": Reader("<part>/<speaker>/<chapter>/*.trans.txt", librispeech.fits, librispeech.rows),
    "common_voice": Reader("train.tsv or validated.tsv and clips/", common_voice.fits, common_voice.rows),
    "ljspeech": Reader("metadata.csv and wavs/", ljspeech.fits, ljspeech.rows),
    "jsonl": Reader("JSON lines with audio and text", json_lines.fits, json_lines.rows),
    "speech_commands": Reader("<word>/<speaker>_nohash_<n>", one_word.fits_speech_commands, one_word.speech_commands_rows),
    "fsdd": Reader("<digit>_<speaker>_<n>", one_word.fits_fsdd, one_word.fsdd_rows),
    "text_beside": Reader("sounds with a .txt of the same name", beside.fits, beside.rows),
}
"""In the order in which a place is tried."""
DEPTH = 3
"""Folders in folders that an archive may put around its content."""


def read_transcribed(
    place: Path,
    reader: str = "",
    *,
    language: str = "en",
    words: frozenset[str] | None = None,
    progress: Progress = no_progress,
) -> Utterances:
    """The utterances at `place`: a folder, an archive (unpacked beside itself) or a manifest.

    `reader` is a key of `READERS`; without one, the layout tells. Texts are normalised for `language` (BCP 47 tag). With `words`,
    only utterances of these words. Of the audio files, headers are read at most. What can't be used is left out and counted.

    Raises `DataError` when the place is missing, has no known layout, or holds nothing usable.
    """
    if is_archive(place):
        place = unpacked(place, progress=progress)
    name, root = _layout(place, reader)
    usable, left_out = _checked(READERS[name].rows(root), language, progress)
    wanted = [item for item in usable if words is None or words.issuperset(item.normalized.text.split())]
    if not wanted:
        reasons = describe_reasons(tuple(left_out)) or f"{len(usable)} that say other words"
        raise DataError(f"{place}: expected transcribed speech ({name}), found nothing usable: {reasons}")
    splits = splits_of([item.row for item in wanted])
    utterances = tuple(_utterance(item, split) for item, split in zip(wanted, splits, strict=True))
    dropped = sum((item.normalized.dropped for item in wanted), Counter[str]())
    return Utterances(name, root, language, utterances, tuple(left_out), dropped, len(usable) - len(wanted))


def _utterance(item: Usable, split: Split) -> Utterance:
    row = item.row
    return Utterance(row.id, row.path, item.normalized.text, row.speaker, split, row.licence, row.start, row.start + item.seconds)


def _layout(place: Path, reader: str) -> tuple[str, Path]:
    """The reader for a place, and the folder in it that has the layout. Raises `DataError` when there is none."""
    if reader and reader not in READERS:
        raise DataError(f"expected a reader of {', '.join(READERS)}, found {reader!r}")
    if not place.exists():
        raise DataError(f"{place}: expected a folder, archive or manifest of transcribed speech, found nothing there")
    readers = {reader: READERS[reader]} if reader else READERS
    root = place
    for _ in range(DEPTH):
        found = next((name for name, candidate in readers.items() if candidate.fits(root)), None)
        if found:
            return found, root
        inner = subfolders(root) if root.is_dir() else []
        if len(inner) != 1:
            break
        root = inner[0]
    layouts = "; ".join(f"{name}: {candidate.layout}" for name, candidate in readers.items())
    raise DataError(f"{place}: expected transcribed speech in a known layout ({layouts}), found none")


def _checked(rows: Iterable[Row | LeftOut], language: str, progress: Progress) -> tuple[list[Usable], list[LeftOut]]:
    usable: list[Usable] = []
    left_out: list[LeftOut] = []
    seen: set[str] = set()
    for done, row in enumerate(rows):
        progress("transcripts", done, 0)
        item = row if isinstance(row, LeftOut) else check_row(row, language)
        if isinstance(item, Usable) and item.row.id in seen:
            item = LeftOut(item.row.path, f"id that stands twice: {item.row.id[:80]}")
        if isinstance(item, LeftOut):
            left_out.append(item)
        else:
            seen.add(item.row.id)
            usable.append(item)
    return usable, left_out
