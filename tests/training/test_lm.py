"""`invoke lm`: text files to a language model, in a file or in a bundle."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.errors import ConfigError, DataError
from edge_asr.runtime.ctc.arpa import read_arpa
from edge_asr.training.lm import put_lm, read_lm_text, write_lm

TEXT = "Turn it ON!\n\nTurn it off, 2 times.\n  \nцифры\nTurn it on?\n"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    file = tmp_path / "text.txt"
    file.write_text(TEXT)
    return file


def test_lines_are_read_as_transcripts_are(text: Path, tmp_path: Path):
    found = read_lm_text([text], "en")
    assert [" ".join(line) for line in found.sentences] == ["turn it on", "turn it off two times", "turn it on"]
    assert found.left_out == 1
    assert found.dropped["!"] == 1
    packed = tmp_path / "text.gz"
    packed.write_bytes(gzip.compress(TEXT.encode("utf-8-sig")))
    assert read_lm_text([text, packed], "en").sentences == found.sentences * 2


@pytest.mark.parametrize("name", ["lm.arpa", "lm.arpa.gz"])
def test_writes_a_model(text: Path, tmp_path: Path, name: str):
    told: list[str] = []
    report = write_lm([text], tmp_path / "out" / name, order=2, progress=lambda what, done, total: told.append(what))
    lm = read_arpa(tmp_path / "out" / name)
    assert lm.order == 2
    assert lm.sentence(["turn", "it", "on"]) > lm.sentence(["turn", "it", "off"]) > lm.sentence(["off", "it", "turn"])
    assert (report.words, report.ngrams) == (6, (9, 8))
    assert report.size == (tmp_path / "out" / name).stat().st_size
    assert told[0] == "reading text.txt"
    assert "3 sentences of 6 different words: 9 1-grams, 8 2-grams" in str(report)
    assert "1 lines with letters or digits of other languages" in str(report)
    assert "discounts of n-grams of length 1 and 2 are usual ones" in str(report)


def test_the_same_text_makes_the_same_bytes(text: Path, tmp_path: Path):
    for name in ("a.gz", "b.gz"):
        write_lm([text], tmp_path / name)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert (tmp_path / "a.gz").read_bytes()[4:8] == bytes(4)  # the time of day, left out


def test_puts_a_model_into_a_bundle(tiny_speech: Bundle, tmp_path: Path):
    assert tiny_speech.manifest.speech is not None
    words = [label for label in tiny_speech.manifest.labels[1:] if label.strip()]
    file = tmp_path / "text.txt"
    for order in (1, 2):  # the second replaces the first
        file.write_text(f"{' '.join(words)}\n{words[0]}\n")
        put_lm([file], tiny_speech.path, order=order)
        bundle = read_bundle(tiny_speech.path)
        assert read_arpa(bundle.assets["lm"]).order == order
        assert len(list(tiny_speech.path.glob("lm*"))) == 1
    assert bundle.models == tiny_speech.models


def test_mistakes(text: Path, tiny_speech: Bundle, tiny_bundle: Bundle, tmp_path: Path):
    with pytest.raises(DataError, match=r"none.txt: expected a text file in UTF-8"):
        write_lm([tmp_path / "none.txt"], tmp_path / "lm.arpa")
    for content in (b"\xff\xfe", gzip.compress(b"one two")[:-4], b"\x1f\x8b" + bytes(40)):
        text.write_bytes(content)
        with pytest.raises(DataError, match="expected a text file in UTF-8"):
            write_lm([text], tmp_path / "lm.arpa")
    text.write_text("...\n")
    with pytest.raises(DataError, match="found no word"):
        write_lm([text], tmp_path / "lm.arpa")
    text.write_text("words that are not there\n")
    with pytest.raises(ConfigError, match="this bundle is of kind 'keywords'"):
        put_lm([text], tiny_bundle.path)
    with pytest.raises(ConfigError, match="found none"):
        put_lm([text], tiny_speech.path)
    with pytest.raises(ConfigError, match="can't be written"):
        write_lm([text], text / "lm.arpa")
    assert not (tmp_path / "lm.arpa").exists()
