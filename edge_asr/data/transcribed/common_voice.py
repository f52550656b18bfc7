"""Mozilla Common Voice (Ardila et al., LREC 2020): lists with tabs, and `clips/*.mp3`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge_asr.data.clips import LeftOut, Split
from edge_asr.data.transcribed.row import Row, Rows, inside, is_file, lines_of

LICENCE = "CC0, Mozilla Common Voice"
LISTS: dict[str, Split | None] = {"test": "test", "dev": "validation", "train": "train", "validated": None}
COLUMNS = ("client_id", "path", "sentence")


def fits(root: Path) -> bool:
    """Whether `root` has the folder of clips and one of the lists."""
    return (root / "clips").is_dir() and any(is_file(root / f"{name}.tsv") for name in LISTS)


def rows(root: Path) -> Rows:
    """All utterances of the official lists, and of `validated.tsv` those that share neither speaker nor sentence with the
    official validation and test. Their splits are the lists'; without `train.tsv`, `validated.tsv` says none.
    """
    seen: set[str] = set()
    held: set[str] = set()
    seconds = _durations(root)
    rest: Split | None = "train" if is_file(root / "train.tsv") else None
    for name, split in LISTS.items():
        for row in _rows(root / f"{name}.tsv"):
            if isinstance(row, LeftOut):
                yield row
                continue
            client, file, sentence = row
            if name == "validated" and file in seen:
                continue
            seen.add(file)
            path = inside(root / "clips", file)
            if path is None:
                yield LeftOut(root / f"{name}.tsv", f"clip outside the folder clips: {file[:40]}")
            elif split in ("validation", "test"):
                held |= {client, sentence}
                yield _row(path, client, sentence, split, seconds)
            elif name == "validated" and held & {client, sentence}:
                yield LeftOut(path, "speaker or sentence of dev.tsv or test.tsv")
            else:
                yield _row(path, client, sentence, split or rest, seconds)


def _row(path: Path, client: str, sentence: str, split: Split | None, seconds: dict[str, float]) -> Row:
    return Row(path.stem, path, sentence, client or None, split, (), LICENCE, 0.0, seconds.get(path.name))


def _rows(path: Path) -> Iterator[tuple[str, str, str] | LeftOut]:
    """Speaker, clip and sentence of each line; nothing where there is no such list."""
    for line in _columns(path, COLUMNS):
        yield line if isinstance(line, LeftOut) else (line[0], line[1], line[2])


def _columns(path: Path, names: tuple[str, ...]) -> Iterator[list[str] | LeftOut]:
    """The columns of these names, line by line. There is no quoting in these lists."""
    if not is_file(path):
        return
    lines = lines_of(path)
    header = next(lines, "")
    columns = header.split("\t") if isinstance(header, str) else []
    if not set(names) <= set(columns):
        yield LeftOut(path, f"first line without {', '.join(names)}")
        return
    places = [columns.index(name) for name in names]
    for line in lines:
        cells = line.split("\t") if isinstance(line, str) else []
        if isinstance(line, LeftOut):
            yield line
        elif max(places) < len(cells):
            yield [cells[place] for place in places]
        else:
            yield LeftOut(path, f"line with fewer columns than the first: {line[:40]}")


def _durations(root: Path) -> dict[str, float]:
    """Clip to seconds, from `clip_durations.tsv` (`clip`, `duration[ms]`), where it is there: it saves opening every clip."""
    cells = (line for line in _columns(root / "clip_durations.tsv", ("clip", "duration[ms]")) if not isinstance(line, LeftOut))
    return {clip: int(duration) / 1000 for clip, duration in cells if duration.isdecimal() and len(duration) < 12}
