"""Which recording says which word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_asr.errors import DataError
from edge_asr.runtime.speech_span import Span
from edge_asr.training.positives import Positive, read_positives, word_span

ONE, TWO = ("_unknown_", "smart_mirror"), ("_unknown_", "_silence_", "smart_mirror", "alexa")


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_the_only_word(tmp_path: Path) -> None:
    touch(tmp_path / "b.flac", tmp_path / "anna" / "a.wav", tmp_path / "notes.pdf", tmp_path / "README.md")
    found, left_out = read_positives(tmp_path, ONE)
    assert found == (Positive(tmp_path / "anna" / "a.wav", "smart_mirror"), Positive(tmp_path / "b.flac", "smart_mirror"))
    assert [item.path.name for item in left_out] == ["notes.pdf"]
    assert found[0].name == "anna/a.wav"


@pytest.mark.parametrize("name", ["smart_mirror", "Smart Mirror", "smart-mirror"])
def test_folders_named_like_words(tmp_path: Path, name: str) -> None:
    touch(tmp_path / name / "1.wav", tmp_path / "alexa" / "2.ogg", tmp_path / "computer" / "3.wav")
    found, left_out = read_positives(tmp_path, TWO)
    assert {(one.path.name, one.label) for one in found} == {("1.wav", "smart_mirror"), ("2.ogg", "alexa")}
    assert [(item.path.name, item.why) for item in left_out] == [("computer", "not a label of the bundle")]
    # With one word, a folder of its name beside others is its own, not all of them.
    assert {one.path.name for one in read_positives(tmp_path, ONE)[0]} == {"1.wav"}


def test_a_folder_that_is_named_like_one_of_several_words(tmp_path: Path) -> None:
    touch(tmp_path / "Alexa" / "1.wav")
    assert {one.label for one in read_positives(tmp_path / "Alexa", TWO)[0]} == {"alexa"}


def test_what_fits_nothing_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path / "hal" / "1.wav")
    with pytest.raises(DataError, match=r"smart_mirror, alexa\), found hal"):
        read_positives(tmp_path, TWO)
    with pytest.raises(DataError, match="folder of recordings"):
        read_positives(tmp_path / "nowhere", TWO)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"recordings of smart_mirror, found no \.wav"):
        read_positives(tmp_path / "empty", ONE)


def test_the_word_in_a_recording() -> None:
    rng = np.random.default_rng(0)
    samples = 0.001 * rng.standard_normal(32000).astype(np.float32)
    samples[12800:22400] += 0.2 * rng.standard_normal(9600).astype(np.float32)
    span = word_span(samples, 16000)
    assert (span.start, span.end) == pytest.approx((0.8, 1.4), abs=0.09)  # 50 ms that speech_span promises, its hang-over of 30
    assert word_span(np.zeros(16000, np.float32), 16000) == Span(0.0, 1.0)
