"""Readers of transcribed speech on real recordings."""

import os
from collections import Counter
from pathlib import Path

import pytest

from edge_asr.data.tokens import character_tokens
from edge_asr.data.transcribed import read_transcribed

pytestmark = pytest.mark.needs_data


@pytest.fixture(scope="module")
def data() -> Path:
    folder = os.environ.get("EDGE_ASR_DATA")
    if not folder:
        pytest.skip("set EDGE_ASR_DATA to a folder with ljspeech/ and fsdd/")
    return Path(folder)


def test_every_sentence_of_ljspeech_can_be_used(data: Path):
    found = read_transcribed(data / "ljspeech")
    lines = (data / "ljspeech" / "metadata.csv").read_text(encoding="utf-8").splitlines()
    assert len(found.utterances) == len(lines)
    assert not found.left_out
    assert set(found.dropped) <= set(",.-\"';:()![]?")
    splits = Counter(utterance.split for utterance in found.utterances)
    assert min(splits.values()) >= 0.08 * len(lines)  # a tenth each is asked for, in stretches of ten sentences
    tokens = character_tokens("en")
    assert all(len(tokens.encode(utterance.text)) == len(utterance.text) for utterance in found.utterances)


def test_fsdd_is_judged_on_its_first_five_takes(data: Path):
    found = read_transcribed(data / "fsdd", words=frozenset(["zero", "nine"]))
    takes = {utterance.split: set() for utterance in found.utterances}
    for utterance in found.utterances:
        takes[utterance.split].add(int(utterance.path.stem.rpartition("_")[2]))
    assert takes["test"] == set(range(5))
    assert takes["validation"] | takes["train"] == set(range(5, 50))
    assert {utterance.text for utterance in found.utterances} == {"zero", "nine"}
