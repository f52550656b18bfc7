"""`edge-asr transcribe` and `listen --then` at a microphone, on a real PortAudio, ALSA and PulseAudio."""

from __future__ import annotations

import json
import signal

import pytest

from tests.cli.command import start, write_wav
from tests.runtime.tones import tones

pytestmark = pytest.mark.system
WAKE = 0.7
"""Seconds: such a tone is detected 0.05 to 0.14 s behind its end, so that it is over also when a busy machine stretches it."""


def events_until(process, kind):
    """Events up to and with the first of that kind; the test's own timeout ends it when none comes."""
    events = []
    while not events or events[-1]["event"] != kind:
        events.append(json.loads(process.stdout.readline()))
    return events


@pytest.fixture
def listening(pulse):
    """Starts a command at the microphone, and ends it."""
    processes = []

    def begin(*arguments):
        process = start(*arguments, "--input", "mic", "--json", env=pulse.environment)
        processes.append(process)
        assert events_until(process, "started")[-1]["source"] == "default"
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def test_words_at_the_microphone_are_written_down_until_ctrl_c(pulse, listening, tiny_speech, tmp_path):
    process = listening("transcribe", "--bundle", tiny_speech.path)
    pulse.play(write_wav(tmp_path / "clip.wav", tones(3.5, [(0.8, "yes"), (1.7, "no")])))
    *partials, final = events_until(process, "final")
    assert final["text"] == "yes no"
    assert partials[-1]["text"] == "yes no"
    # 0.9 s apart in the clip; a busy machine may stretch the sound a little.
    assert final["words"][1]["start"] - final["words"][0]["start"] == pytest.approx(0.9, abs=0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_a_wake_word_and_a_command_at_the_microphone(pulse, listening, tiny_bundle, tiny_speech, tmp_path):
    process = listening("listen", "--bundle", tiny_bundle.path, "--then", tiny_speech.path)
    pulse.play(write_wav(tmp_path / "clip.wav", tones(4.5, [(0.5, "yes"), (2.2, "no")], length=WAKE)))
    woken, *_, final = events_until(process, "final")
    assert (woken["event"], woken["label"]) == ("detection", "yes")
    assert (final["text"], final["start"] > woken["start"]) == ("no", True)
    pulse.play(write_wav(tmp_path / "wake.wav", tones(1.8, [(0.5, "yes")], length=WAKE)))
    *_, nothing = events_until(process, "no_command")
    assert nothing["time"] > final["end"]
