"""The benchmarks of recognisers run through, and count what they say they count."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from edge_asr.data.transcribed import read_transcribed
from edge_asr.runtime.encode_wav import encode_wav
from tests.cli.command import ROOT, environment
from tests.runtime.tones import tones

BENCHMARKS = ROOT / "benchmarks"


def run(name, *arguments) -> str:
    command = [sys.executable, str(BENCHMARKS / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_both_are_measured_on_the_same_words(tiny_speech, tmp_path):
    pytest.importorskip("pocketsphinx", reason="needs the 'bench' extra (pocketsphinx)")
    lines = []
    for number, words in enumerate((["yes"], ["no", "yes"], ["no"])):
        sound = tones(2.5, [(0.4 + 1.0 * n, word) for n, word in enumerate(words)], seed=number)
        (tmp_path / f"{number}.wav").write_bytes(encode_wav(sound.astype(np.float32) / 32768, 16000))
        lines.append(json.dumps({"audio": f"{number}.wav", "text": " ".join(words), "split": "test"}))
    (tmp_path / "list.jsonl").write_text("\n".join(lines))
    rows = run("transcribe.py", "--bundle", tiny_speech.path, "--data", tmp_path, "--rounds", 1).splitlines()
    ours, sphinx = (row.split("|") for row in rows if row.startswith(("| edge_asr", "| pocketsphinx")))
    assert ours[2].strip() == "0.0%"
    assert ours[3].strip() == "0, 0, 0 of 4"
    assert sphinx[3].strip().endswith("of 4")
    for row in (ours, sphinx):
        median, late = map(float, row[5].split(","))
        assert 0 < median <= late
        assert float(row[4]) > 0
        assert float(row[6]) > 10
    assert "times as fast as pocketsphinx" in rows[-1]


def test_numbers_are_written_as_transcribed_speech(tmp_path):
    out = tmp_path / "numbers"
    said = run("digit_strings.py", out, "--voices", 4, "--count", 8, "--digits", 3, 5)
    assert "8 numbers by 4 readers" in said
    found = read_transcribed(out)
    assert len(found.utterances) == 8
    assert {one.split for one in found.utterances} == {"test"}
    assert all(3 <= len(one.text.split()) <= 5 for one in found.utterances)
    assert len({one.speaker for one in found.utterances}) == 4
