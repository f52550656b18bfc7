"""A language model from text files, for a file or into a bundle (`invoke lm`)."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_asr.bundle.change import replace_asset
from edge_asr.bundle.store import read_bundle
from edge_asr.data.transcribed.normalize import normalize
from edge_asr.errors import ConfigError, DataError
from edge_asr.files import write_whole
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.ctc.arpa import read_arpa
from edge_asr.runtime.ctc.make import make_decoder
from edge_asr.training.arpa_file import arpa_text
from edge_asr.training.kneser_ney import estimate

REPORT_LINES = 10_000
"""So often progress is told."""


@dataclass(frozen=True)
class LmText:
    """Sentences to learn from."""

    sentences: tuple[tuple[str, ...], ...]
    left_out: int
    """Lines with letters or digits that normalisation could not read: what they say is not known."""
    dropped: Counter[str]
    """Other characters that were dropped."""


@dataclass(frozen=True)
class LmReport:
    """What became of the text."""

    text: LmText
    words: int
    """Different ones."""
    ngrams: tuple[int, ...]
    """Of each length."""
    fallbacks: tuple[int, ...]
    """Lengths whose discounts could not be estimated: too little text, or text made from patterns."""
    size: int
    """Bytes of what was written."""

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {length}-grams" for length, count in enumerate(self.ngrams, start=1))
        lines = [f"{len(self.text.sentences):,} sentences of {self.words:,} different words: {counts}, {self.size:,} bytes"]
        if self.text.left_out:
            lines.append(f"left out: {self.text.left_out:,} lines with letters or digits of other languages")
        if self.fallbacks:
            lengths = " and ".join(map(str, self.fallbacks))
            lines.append(
                f"discounts of n-grams of length {lengths} are usual ones: the text is too small or too regular for its own"
            )
        return "\n".join(lines)


def read_lm_text(paths: Sequence[Path], language: str, progress: Progress = no_progress) -> LmText:
    """The lines of UTF-8 text files (or gzipped ones), normalised as transcripts are: a line is a sentence.

    Raises `DataError` for a file that can't be read.
    """
    sentences: list[tuple[str, ...]] = []
    left_out, dropped = 0, Counter[str]()
    for path in paths:
        for number, line in enumerate(_read(path).splitlines()):
            if number % REPORT_LINES == 0:
                progress(f"reading {path.name}", number, 0)
            normal = normalize(line, language)
            if normal.missing:
                left_out += 1
                continue
            dropped += normal.dropped
            if normal.text:
                sentences.append(tuple(map(sys.intern, normal.text.split())))  # each word is held once
    return LmText(tuple(sentences), left_out, dropped)


def write_lm(
    texts: Sequence[Path], out: Path, *, order: int = 3, language: str = "en", progress: Progress = no_progress
) -> LmReport:
    """Write a model of n-grams of up to `order` words to `out`, ARPA format, gzipped where the name ends with `.gz`.

    Raises `DataError` for text that can't be read, or has no word; `ConfigError` when `out` can't be written.
    """
    content, report = _build(texts, order, language, gzipped=out.suffix == ".gz", progress=progress)
    try:
        write_whole(out, content)
    except OSError as err:
        raise ConfigError(f"{out}: the language model can't be written: {err}") from err
    return report


def put_lm(texts: Sequence[Path], bundle: Path, *, order: int = 3, progress: Progress = no_progress) -> LmReport:
    """Put a language model into a speech bundle, instead of the one that it has; the text is in the bundle's language.

    Raises `DataError` as `write_lm` does, `ConfigError` for a bundle of keywords or when its tokens can't say the text's words,
    `BundleError` for a damaged bundle.
    """
    manifest = read_bundle(bundle).manifest
    if manifest.speech is None:
        raise ConfigError(f"{bundle}: a language model is for recognisers, this bundle is of kind {manifest.kind!r}")
    content, report = _build(texts, order, manifest.speech.language, gzipped=True, progress=progress)
    make_decoder(manifest.labels, manifest.speech.unit, manifest.speech, 1.0, lm=read_arpa(content))  # raises, if they do not fit
    replace_asset(bundle, "lm", "lm.arpa.gz", content)
    return report


def _build(texts: Sequence[Path], order: int, language: str, *, gzipped: bool, progress: Progress) -> tuple[bytes, LmReport]:
    text = read_lm_text(texts, language, progress)
    progress("counting", 0, 0)
    model = estimate(text.sentences, order)
    content = arpa_text(model)
    if gzipped:
        content = gzip.compress(content, mtime=0)  # the same text, the same bytes
    sizes = tuple(len(level.word) for level in model.levels)
    return content, LmReport(text, len(model.words) - 3, sizes, model.fallbacks, len(content))


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, ValueError) as err:
        raise DataError(f"{path}: expected a text file in UTF-8, found: {err}") from err
