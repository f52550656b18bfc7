"""Language models: back-off by hand, the same scores as KenLM, and files that are damaged."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from edge_asr.errors import BundleError
from edge_asr.runtime.ctc import arpa
from edge_asr.runtime.ctc.arpa import read_arpa
from edge_asr.runtime.ctc.language_model import LanguageModel
from tests.runtime.ctc.sums import ARPA, small_lm

LM = Path(__file__).parents[2] / "data" / "lm"
FLOAT32 = 1e-5
"""A file's numbers are held as float32; a sentence adds some ten of them."""


def score(words: str) -> float:
    """log10 of the last of `words` after the others."""
    lm, state = small_lm(), small_lm().start
    *before, last = words.split()
    for word in before:
        state = lm.score(state, word)[1]
    return lm.score(state, last)[0]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("a", -0.3),  # <s> a
        ("b", -0.4 - 0.8),  # back-off of <s>
        ("a b", -0.1),  # <s> a b
        ("a a", -0.2 - 0.3 - 0.6),  # <s> a, a, then alone
        ("a b a", -0.35),  # the sentence's beginning is forgotten
        ("a b b", -0.15 - 0.25 - 0.8),
        ("ab ab ab", 0.05 - 0.4),  # a weight above 1
        ("other", -0.4 - 1.2),  # <unk>
        ("a other a", -0.6),  # what follows the unknown knows no context
    ],
)
def test_back_off_by_hand(words: str, expected: float):
    assert score(words) == pytest.approx(expected, abs=FLOAT32)


def test_sentences_and_sizes():
    lm = small_lm()
    assert (lm.order, len(lm)) == (3, 15)
    assert "ab" in lm
    assert "abba" not in lm
    assert lm.sentence(["a", "b"]) == pytest.approx(-0.3 - 0.1 - 0.25, abs=FLOAT32)
    assert lm.sentence([]) == pytest.approx(-0.4 - 0.9, abs=FLOAT32)
    assert lm.spells_with(frozenset("ab"))
    assert not lm.spells_with(frozenset("xyz<>/s"))


def test_a_model_of_single_words():
    lm = read_arpa(b"\\data\\\nngram 1=3\n\\1-grams:\n-1 <s>\n-0.5 </s>\n-0.25 a\n\\end\\\n")
    assert lm.start == ()
    assert lm.score((), "a") == (pytest.approx(-0.25), ())
    assert lm.score((), "b")[0] == arpa.UNKNOWN_LOG10
    assert lm.end(()) == pytest.approx(-0.5)


def test_gzipped_and_from_a_file(tmp_path: Path):
    file = tmp_path / "lm.arpa.gz"
    file.write_bytes(gzip.compress(ARPA.encode()))
    assert read_arpa(file).sentence(["b", "a"]) == small_lm().sentence(["b", "a"])


def test_other_line_ends_spaces_and_capitals():
    text = ARPA.replace("\n", "\r\n\r\n").replace("<unk>", "<UNK>").replace(" ", "\t ")
    text = text.replace("ngram\t ", "ngram  ").replace("=", " = ")
    assert read_arpa(text.encode()).sentence(["a", "x", "b"]) == small_lm().sentence(["a", "x", "b"])


@pytest.mark.parametrize("source", ["by hand", "lmplz"])
def test_the_same_scores_as_kenlm(source: str):
    """`kenlm_scores.json` holds what `kenlm.Model(file).score(sentence)` said (kenlm 0.3.0) of drawn sentences."""
    theirs = json.loads((LM / "kenlm_scores.json").read_text())[source]
    ours = small_lm() if source == "by hand" else read_arpa(LM / "lmplz.arpa")
    assert len(theirs) > 100
    for sentence, expected in theirs.items():
        assert ours.sentence(sentence.split()) == pytest.approx(expected, abs=FLOAT32)


def test_probabilities_after_any_context_sum_to_one():
    lm = read_arpa(LM / "lmplz.arpa")
    words = [word for word in lm._words if word != "<s>"]
    for context in ([], ["turn"], ["turn", "on"], ["cellar", "stop"], ["unheard"], ["the", "unheard"]):
        state = lm.start
        for word in context:
            state = lm.score(state, word)[1]
        assert sum(10 ** lm.score(state, word)[0] for word in words) == pytest.approx(1, abs=1e-5)  # seven digits in the file


def changed(old: str, new: str) -> bytes:
    assert old in ARPA
    return ARPA.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", r"a line '\\data\\', in an ARPA language model, found none|found none"),
        (b"PK\x03\x04" + bytes(1000), "found none"),
        (b"\\data\\\n", "1 to 10 lengths of n-grams"),
        (changed("ngram 1=7", "ngram 1=-7"), "'ngram 1=COUNT'.*found 'ngram 1=-7'"),
        (changed("ngram 1=7", "ngram 1=99999999999999999999"), "'ngram 1=COUNT'"),
        (changed("ngram 2=5", "ngram 3=5"), "'ngram 2=COUNT'"),
        (changed("ngram 1=7", "ngram 1=8"), "a probability, 1 words"),
        (changed("ngram 1=7", "ngram 1=6"), r"'\\\\2-grams:'"),
        (changed("ngram 3=3", "ngram 3=999999999"), "a probability, 3 words"),
        (changed("\\end\\", ""), "cut short"),
        (changed("-0.9\t</s>", "-0.9\tend").replace(b"</s>", b"end"), "words <s> and </s>.*no </s>"),
        (changed("-0.6\ta", "0.6\ta"), "finite log10 of at most 0.*'0.6'"),
        (changed("-0.6\ta", "nan\ta"), "finite log10"),
        (changed("-0.6\ta", "-inf\ta"), "finite log10"),
        (changed("-0.6\ta", "much\ta"), "finite log10"),
        (changed("a\t-0.3", "a\tinf"), "finite log10"),
        (changed("-0.8\tb\t", "-0.8\ta\t"), "each word once.*'a' twice"),
        (changed("b a\n", "b c\n"), "among the 1-grams.*'c'"),
        (changed("-0.2\tb </s>", "-0.2\tb a"), "each n-gram once"),
        (changed("a b a", "ab a a"), "context of each 3-gram among the 2-grams.*'ab a a'"),
        (changed("a b\t-0.15", "a b\t-0.15 -0.15"), "a probability, 2 words"),
        (ARPA.encode().replace(b"ab", b"\xff\xfe"), "words in UTF-8"),
        (gzip.compress(ARPA.encode())[:-20], "readable ARPA file"),
        (gzip.compress(ARPA.encode())[:30] + b"\0" * 100, "readable ARPA file"),
        (b"\x1f\x8b", "readable ARPA file"),
    ],
)
def test_damaged_files(content: bytes, says: str):
    with pytest.raises(BundleError, match=says) as caught:
        read_arpa(content, "B: language model")
    assert str(caught.value).startswith("B: language model: expected ")
    assert len(str(caught.value)) < 400


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(BundleError, match=r"none.arpa: expected a readable ARPA file"):
        read_arpa(tmp_path / "none.arpa")


def test_bombs_are_not_unpacked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(arpa, "SIZE_LIMIT", 1 << 20)
    for bomb, says in (
        (b"x" * (2 << 20), "65536 bytes of a line"),
        (b"ab\n" * (1 << 20), "1048576 bytes of text"),
        (b"\n" * (2 << 20), "1048576"),
    ):
        with pytest.raises(BundleError, match=says):
            read_arpa(gzip.compress(bomb))


def test_fuzz():
    """Cut, flipped, doubled and mixed lines: a model or a BundleError, nothing else."""
    rng = np.random.default_rng(6)
    lines = ARPA.encode().splitlines(keepends=True)
    read = 0
    for _ in range(1500):
        mixed = list(lines)
        for _ in range(rng.integers(1, 4)):
            if not mixed:
                break
            place, other = rng.integers(0, len(mixed), 2)
            kind = rng.integers(0, 4)
            if kind == 0:
                mixed[place] = mixed[other]
            elif kind == 1:
                del mixed[place]
            elif kind == 2:
                line = bytearray(mixed[place])
                line[rng.integers(0, len(line))] = rng.integers(0, 256)
                mixed[place] = bytes(line)
            else:
                mixed = mixed[: max(1, int(place))]
        try:
            lm = read_arpa(b"".join(mixed))
        except BundleError:
            continue
        read += 1
        assert isinstance(lm, LanguageModel)
        assert np.isfinite(lm.sentence(["a", "b", "other", "ab"]))
    assert 20 < read < 1400
