"""The soak benchmark: a few minutes of it pass, and it sees what it is there to see."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cli.command import ROOT, environment, write_wav
from tests.runtime.tones import tones

BENCHMARKS = ROOT / "benchmarks"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def run_soak(*arguments) -> subprocess.CompletedProcess:
    command = [sys.executable, str(BENCHMARKS / "soak.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment())


def test_minutes_of_audio_lose_no_event_and_leave_memory_flat(tiny_forms, tmp_path):
    words = write_wav(tmp_path / "words.wav", tones(4.0, [(0.5, "yes"), (2.5, "no")]))
    done = run_soak("--bundle", tiny_forms.path, "--hours", 0.06, words)
    assert done.stdout.splitlines()[-1] == "PASSED", done.stdout + done.stderr
    expected = int(done.stdout.splitlines()[1].split()[0])
    assert expected > 30
    assert f"{expected + 1} events received" in done.stdout  # and that it started
    assert done.returncode == 0


def test_a_process_that_ends_is_a_failure(tiny_forms, tmp_path):
    """The command does not take such a threshold."""
    words = write_wav(tmp_path / "words.wav", tones(4.0, [(0.5, "yes")]))
    done = run_soak("--bundle", tiny_forms.path, "--hours", 0.06, "--threshold", 7, words)
    assert done.returncode == 1
    assert "FAILED: edge-asr listen ended with status 2" in done.stderr


@pytest.fixture
def soak(monkeypatch):
    pytest.importorskip("soundfile", reason="benchmarks read audio with soundfile (the extra 'host')")
    monkeypatch.syspath_prepend(BENCHMARKS)
    import soak

    return soak


def event(end: float, label: str = "yes") -> dict:
    return {"event": "detection", "label": label, "start": end - 1, "end": end, "score": 0.9}


WORDS = [event(1.0), event(2.0, "no"), event(3.0)]
STARTED = {"event": "started", "time": 0.0, "source": "stdin"}
GOOD = {"events": [STARTED, *WORDS], "expected": WORDS, "memory_mb": [30.0] * 6 + [50.0] * 74}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"events": [STARTED, *WORDS[:2]]}, ["1 events lost"]),
        ({"expected": WORDS[:2]}, ["1 events that the offline engine does not have"]),
        ({"events": [STARTED, WORDS[1], WORDS[0], WORDS[2]]}, ["not in their order"]),
        ({"events": [STARTED, *WORDS, {"event": "overrun", "time": 1.0, "samples": 5}]}, ["unexpected events: overrun"]),
        ({"events": [STARTED], "expected": []}, ["proves nothing"]),
        ({"memory_mb": [30.0] * 6 + [50.0] * 60 + [51.5] * 14}, ["memory grew by 1.50 MB"]),
        ({"memory_mb": [80.0] * 6 + [50.0] * 60 + [50.9] * 14}, []),
    ],
)
def test_what_is_wrong_is_said(soak, changes, said):
    result = soak.Soak(hours=1.0, wall_seconds=1.0, status=0, **{**GOOD, **changes})
    problems = result.problems()
    assert len(problems) == len(said)
    assert all(text in problem for text, problem in zip(said, problems, strict=True))


def test_sound_follows_from_its_seed(soak):
    bank = [tones(0.8, [(0.0, "yes")])]
    one, again, other = ([*soak.sound(bank, 16000, 4, seed)] for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(one, again, strict=True))
    assert not (one[0] == other[0]).all()
    assert not (one[0] == one[1]).all()
    assert {len(block) for block in one} == {soak.BLOCK_SECONDS * 16000}


def test_memory_of_this_process_is_found(soak):
    assert 10 < soak.resident_mb(os.getpid()) < 10_000
