"""`edge-asr transcribe` and `listen --then` at a microphone, on a real PortAudio, ALSA and PulseAudio."""

from __future__ import annotations

import pytest

from tests.cli.command import write_wav
from tests.cli.listener import Listener
from tests.runtime.tones import tones

pytestmark = pytest.mark.system
WAKE = 0.7
"""Seconds: such a tone is detected 0.05 to 0.14 s behind its end, so that it is over also when a busy machine stretches it."""


@pytest.fixture
def listening(pulse):
    """Starts a command at the microphone, and ends it."""
    listeners = []

    def begin(*arguments):
        listeners.append(Listener(pulse, *arguments))
        return listeners[-1]

    yield begin
    for listener in listeners:
        listener.kill()


def said(event):
    """What an event says was heard."""
    return event.get("label") or event.get("text")


def test_words_at_the_microphone_are_written_down_until_ctrl_c(listening, tiny_speech, tmp_path):
    listener = listening("transcribe", "--bundle", tiny_speech.path)
    listener.next("header")
    assert listener.next("started")["source"] == "default"

    def both_words(heard):
        """0.9 s apart in the clip; a busy machine may stretch the sound a little."""
        if not heard or heard[-1]["event"] != "final" or said(heard[-1]) != "yes no":
            return False
        first, second = heard[-1]["words"]
        return abs(second["start"] - first["start"] - 0.9) < 0.5

    clip = write_wav(tmp_path / "clip.wav", tones(3.5, [(0.8, "yes"), (1.7, "no")]))
    partials = [event["text"] for event in listener.hear(clip, both_words) if event["event"] == "partial"]
    assert partials[-1] == "yes no"
    assert listener.end() == 130


def test_a_wake_word_and_a_command_at_the_microphone(listening, tiny_bundle, tiny_speech, tmp_path):
    listener = listening("listen", "--bundle", tiny_bundle.path, "--then", tiny_speech.path)
    for kind in ("header", "header", "started"):
        listener.next(kind)

    def woken_and_told(heard):
        events = [event for event in heard if event["event"] in ("detection", "final", "no_command")][-2:]
        return [(event["event"], said(event)) for event in events] == [("detection", "yes"), ("final", "no")]

    clip = write_wav(tmp_path / "clip.wav", tones(4.5, [(0.5, "yes"), (2.2, "no")], length=WAKE))
    heard = listener.hear(clip, woken_and_told)
    woken = [event for event in heard if event["event"] == "detection"][-1]
    assert heard[-1]["start"] > woken["start"]
    wake = write_wav(tmp_path / "wake.wav", tones(1.8, [(0.5, "yes")], length=WAKE))
    *_, nothing = listener.hear(wake, lambda heard: heard[-1:] and heard[-1]["event"] == "no_command")
    assert nothing["time"] > heard[-1]["end"]
