"""`edge-asr listen --input mic` on a real PortAudio, ALSA and PulseAudio, with a loudspeaker played into the microphone."""

from __future__ import annotations

import pytest

from tests.cli.command import run, write_wav
from tests.cli.listener import Listener
from tests.runtime.tones import tones

pytestmark = pytest.mark.system


@pytest.fixture
def clip(tmp_path):
    return write_wav(tmp_path / "clip.wav", tones(3.6, [(0.5, "yes"), (2.3, "no")]))


def both_words(heard):
    """As in the clip, 1.8 s apart; a decision falls every 0.1 s, and a busy machine may stretch the sound a little."""
    last = heard[-2:]
    return [event.get("label") for event in last] == ["yes", "no"] and abs(last[1]["end"] - last[0]["end"] - 1.8) < 0.5


@pytest.fixture
def listener(tiny_bundle, pulse):
    made = Listener(pulse, "listen", "--bundle", tiny_bundle.path)
    yield made
    made.kill()


def test_words_at_the_microphone_are_detected(listener, clip):
    assert listener.next("header")["bundle"] == "tiny"
    assert listener.next("started")["source"] == "default"
    listener.hear(clip, both_words)
    assert listener.end() == 130


def test_a_microphone_that_is_unplugged_is_heard_again_when_it_is_back(pulse, listener, clip):
    listener.next("header")
    listener.next("started")
    words = listener.hear(clip, both_words)
    pulse.unplug()
    lost = listener.until("source_lost")
    assert lost["time"] >= words[-1]["end"]
    pulse.plug_in()
    assert listener.until("source_back") == {"event": "source_back", "time": lost["time"], "source": "default"}
    listener.hear(clip, both_words)


def test_a_sound_server_that_dies_is_waited_for(pulse, listener, clip):
    listener.next("header")
    listener.next("started")
    pulse.stop()
    listener.until("source_lost")
    pulse.start()
    listener.until("source_back")
    listener.hear(clip, both_words)


def test_the_microphone_is_listed(pulse):
    done = run("devices", env=pulse.environment)
    assert done.returncode == 0
    assert done.stdout.startswith("*  0  default  (")
    assert done.stderr == ""
