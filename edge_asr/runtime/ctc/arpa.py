"""Language models in the ARPA format, plain or gzipped, read without a package."""

from __future__ import annotations

import gzip
import io
import math
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge_asr.errors import BundleError
from edge_asr.runtime.ctc.language_model import BEGIN, END, UNKNOWN, LanguageModel, Level

SIZE_LIMIT = 256 << 20
"""Bytes of text, unpacked: more than a small board should hold."""
LINE_LIMIT = 1 << 16
"""Bytes of a line."""
MOST_ORDERS = 10
UNKNOWN_LOG10 = -100.0
"""Of words that the model does not have, when it has no `<unk>` either; as KenLM."""


def read_arpa(source: bytes | Path, name: str = "language model") -> LanguageModel:
    """Read an ARPA file: its bytes (of which `name` is the name in messages) or its path.

    Raises `BundleError` when it can't be read, is cut short, does not hold what it announces, or has probabilities above 1.
    """
    if isinstance(source, Path):
        name = str(source)
    try:
        content = source.read_bytes() if isinstance(source, Path) else source
        return _Reader(_lines(content), name).read()
    except (OSError, EOFError, zlib.error) as err:
        raise BundleError(f"{name}: expected a readable ARPA file, found: {err}") from err


def _lines(content: bytes) -> Iterator[bytes]:
    """The lines that are not empty, stripped. Raises `OSError` when they are too many bytes."""
    stream: io.IOBase = io.BytesIO(content)
    if content[:2] == b"\x1f\x8b":
        stream = gzip.GzipFile(fileobj=io.BytesIO(content))
    left = SIZE_LIMIT
    while line := stream.readline(LINE_LIMIT + 1):
        left -= len(line)
        if left < 0 or len(line) > LINE_LIMIT:
            raise OSError(f"more than {SIZE_LIMIT if left < 0 else LINE_LIMIT} bytes of {'text' if left < 0 else 'a line'}")
        if stripped := line.strip():
            yield stripped


class _Reader:
    """Takes an ARPA file line by line."""

    def __init__(self, lines: Iterator[bytes], name: str) -> None:
        self._lines, self._name = lines, name
        self._words: dict[bytes, int] = {}

    def read(self) -> LanguageModel:
        """All of it. Raises `BundleError`."""
        counts = self._header()
        levels: list[Level] = []
        for order, count in enumerate(counts, start=1):
            self._expect(b"\\%d-grams:" % order)
            levels.append(self._level(order, count, levels))
        self._expect(b"\\end\\")
        try:
            words = {word.decode(): number for word, number in self._words.items()}
        except UnicodeDecodeError as err:
            raise self._error("words in UTF-8", str(err)) from err
        missing = [word for word in (BEGIN, END) if word not in words]
        if missing:
            raise self._error(f"the words {BEGIN} and {END}", f"no {' and no '.join(missing)}")
        return LanguageModel(words, tuple(levels))

    def _header(self) -> list[int]:
        """How many n-grams of each length there are."""
        if b"\\data\\" not in self._lines:  # reads on behind it; programs write remarks before it
            raise self._error("a line '\\data\\'", "none")
        counts: list[int] = []
        for line in self._lines:
            left, equals, right = line.partition(b"=")
            if not equals:
                self._lines = _with_first(line, self._lines)
                break
            if left.split() != [b"ngram", b"%d" % (len(counts) + 1)] or not right.strip().isdigit() or len(right) > 12:
                raise self._error(f"'ngram {len(counts) + 1}=COUNT'", _shown(line))
            counts.append(int(right))
        if not 1 <= len(counts) <= MOST_ORDERS:
            raise self._error(f"1 to {MOST_ORDERS} lengths of n-grams", str(len(counts)))
        return counts

    def _level(self, order: int, count: int, shorter: list[Level]) -> Level:
        keys, log10, backoff = array("q"), array("f"), array("f")
        for _ in range(count):
            fields = self._next(f"{count} {order}-grams").split()
            words = fields[1 : order + 1]
            if len(words) < order or len(fields) > order + 2:
                raise self._error(f"a probability, {order} words and perhaps a back-off weight", _shown(b" ".join(fields)))
            log10.append(self._number(fields[0], at_most=0.0))
            backoff.append(self._number(fields[-1]) if len(fields) > order + 1 else 0.0)
            keys.append(self._new_word(words[0]) if order == 1 else self._key(words, shorter))
        if order == 1 and UNKNOWN.encode() not in self._words:
            self._words[UNKNOWN.encode()] = 0
            keys.append(0)
            log10.append(UNKNOWN_LOG10)
            backoff.append(0.0)
        return self._sorted(keys, log10, backoff)

    def _new_word(self, word: bytes) -> int:
        """The number of a word that was not there before: 0 for `<unk>`, else as they come from 1 on."""
        word = UNKNOWN.encode() if word == b"<UNK>" else word
        if word in self._words:
            raise self._error("each word once", f"{_shown(word)} twice")
        known = len(self._words) - (UNKNOWN.encode() in self._words)
        self._words[word] = 0 if word == UNKNOWN.encode() else known + 1
        return self._words[word]

    def _key(self, words: list[bytes], shorter: list[Level]) -> int:
        try:
            numbers = [self._words[UNKNOWN.encode() if word == b"<UNK>" else word] for word in words]
        except KeyError as err:
            raise self._error("words that are among the 1-grams", _shown(err.args[0])) from err
        place = numbers[0]
        for level, number in zip(shorter[1:], numbers[1:-1]):
            place = level.find(place * len(self._words) + number)
            if place < 0:
                raise self._error(
                    f"the context of each {len(words)}-gram among the {len(words) - 1}-grams", _shown(b" ".join(words))
                )
        return place * len(self._words) + numbers[-1]

    def _sorted(self, keys: array[int], log10: array[float], backoff: array[float]) -> Level:
        numbers = np.array(keys)
        order = np.argsort(numbers, kind="stable")
        numbers = numbers[order]
        if (numbers[1:] == numbers[:-1]).any():
            raise self._error("each n-gram once", "one twice")
        return Level(
            array("q", numbers.tobytes()),
            array("f", np.array(log10)[order].tobytes()),
            array("f", np.array(backoff)[order].tobytes()),
        )

    def _number(self, field: bytes, at_most: float = math.inf) -> float:
        try:
            value = float(field)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and abs(value) < 1e30 and value <= at_most):
            raise self._error("a finite log10" + (" of at most 0" if at_most == 0 else ""), _shown(field))
        return value

    def _expect(self, wanted: bytes) -> None:
        line = self._next(wanted.decode())
        if line != wanted:
            raise self._error(repr(wanted.decode()), _shown(line))

    def _next(self, wanted: str) -> bytes:
        line = next(self._lines, None)
        if line is None:
            raise self._error(wanted, "the end of the file; it is cut short")
        return line

    def _error(self, wanted: str, found: str) -> BundleError:
        return BundleError(f"{self._name}: expected {wanted} in an ARPA language model, found {found}")


def _with_first(line: bytes, lines: Iterator[bytes]) -> Iterator[bytes]:
    yield line
    yield from lines


def _shown(line: bytes) -> str:
    return repr(line.decode("utf-8", "replace"))[:120]
