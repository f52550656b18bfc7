"""`edge-asr listen --input mic` on a real PortAudio, ALSA and PulseAudio, with a loudspeaker played into the microphone."""

from __future__ import annotations

import json
import queue
import signal
import threading

import pytest

from tests.cli.command import run, start, write_wav
from tests.runtime.tones import tones

pytestmark = pytest.mark.system
PATIENCE = 60
"""Seconds until a test gives up; a busy machine takes a tenth of it."""


@pytest.fixture
def clip(tmp_path):
    return write_wav(tmp_path / "clip.wav", tones(3.6, [(0.5, "yes"), (2.3, "no")]))


class Listener:
    """`edge-asr listen --input mic --json`, and its events as they come."""

    def __init__(self, bundle, server):
        command = ("listen", "--bundle", bundle.path, "--input", "mic", "--json")
        self.process = start(*command, env=server.environment)
        self._events = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._events.put(json.loads(line))

    def next(self, kind):
        """The next event, which must be of that kind."""
        event = self._events.get(timeout=PATIENCE)
        assert event["event"] == kind, event
        return event

    def end(self):
        """Ctrl-C; returns what came after the last `next`."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE)
        self._reader.join()
        return list(self._events.queue)


@pytest.fixture
def listener(tiny_bundle, pulse):
    made = Listener(tiny_bundle, pulse)
    yield made
    made.process.kill()
    made.process.communicate()


def test_words_at_the_microphone_are_detected(pulse, listener, clip):
    assert listener.next("header")["bundle"] == "tiny"
    assert listener.next("started")["source"] == "default"
    pulse.play(clip)
    yes, no = listener.next("detection"), listener.next("detection")
    assert (yes["label"], no["label"]) == ("yes", "no")
    # 1.8 s apart in the clip; a decision falls every 0.1 s, and a busy machine may stretch the sound a little.
    assert no["end"] - yes["end"] == pytest.approx(1.8, abs=0.5)
    assert listener.end() == []
    assert listener.process.returncode == 130


def test_a_microphone_that_is_unplugged_is_heard_again_when_it_is_back(pulse, listener, clip):
    listener.next("header")
    listener.next("started")
    pulse.play(clip)
    words = [listener.next("detection") for _ in range(2)]
    pulse.unplug()
    lost = listener.next("source_lost")
    assert lost["time"] >= words[-1]["end"]
    pulse.plug_in()
    assert listener.next("source_back") == {"event": "source_back", "time": lost["time"], "source": "default"}
    pulse.play(clip)
    assert [listener.next("detection")["label"] for _ in range(2)] == ["yes", "no"]


def test_a_sound_server_that_dies_is_waited_for(pulse, listener, clip):
    listener.next("header")
    listener.next("started")
    pulse.stop()
    listener.next("source_lost")
    pulse.start()
    listener.next("source_back")
    pulse.play(clip)
    assert [listener.next("detection")["label"] for _ in range(2)] == ["yes", "no"]


def test_the_microphone_is_listed(pulse):
    done = run("devices", env=pulse.environment)
    assert done.returncode == 0
    assert done.stdout.startswith("*  0  default  (")
    assert done.stderr == ""
