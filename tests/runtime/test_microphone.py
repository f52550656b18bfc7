"""The microphone on a PortAudio that the test plays: overruns, rates that are refused, a device that goes and comes."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from edge_asr.errors import AudioError
from edge_asr.runtime import microphone
from edge_asr.runtime.events import Overrun, SourceBack, SourceLost
from edge_asr.runtime.microphone import Device, Microphone, find_device, list_devices

USB = {"index": 1, "name": "USB Mic: Audio (hw:1,0)", "maxInputChannels": 2, "defaultSampleRate": 48000.0}
SPEAKER = {"index": 0, "name": "Speaker", "maxInputChannels": 0, "defaultSampleRate": 44100.0}
BUILT_IN = {"index": 2, "name": "Built-in Mic", "maxInputChannels": 1, "defaultSampleRate": 16000.0}


class FakePortAudio:
    """What the tests need of PyAudio: `devices` is what is plugged in, `takes` which (rate, channels) open."""

    def __init__(self):
        self.devices = [SPEAKER, USB, BUILT_IN]
        self.takes = {(16000, 1)}
        self.opened, self.running, self.started = [], None, 0

    def start(self):
        self.started += 1
        return self

    def terminate(self):
        self.started -= 1

    def get_device_count(self):
        return len(self.devices)

    def get_device_info_by_index(self, number):
        return self.devices[number]

    def get_default_input_device_info(self):
        if len(self.devices) < 3:
            raise OSError("no default input device")
        return self.devices[2]

    def open(self, *, rate, channels, input_device_index, stream_callback, frames_per_buffer, **options):
        if (rate, channels) not in self.takes:
            raise OSError("invalid sample rate")
        self.opened.append((input_device_index, rate, channels, frames_per_buffer))
        self.callback = stream_callback
        self.running = FakeStream()
        return self.running

    def record(self, samples, status=0):
        assert self.callback(np.asarray(samples, np.int16).tobytes(), len(samples), {}, status) == (None, 0)


class FakeStream:
    active = True

    def is_active(self):
        return self.active

    def close(self):
        self.active = False


@pytest.fixture
def portaudio(monkeypatch):
    fake = FakePortAudio()
    module = types.SimpleNamespace(PyAudio=fake.start, paInt16=8, paInputOverflow=2, paContinue=0)
    monkeypatch.setitem(sys.modules, "pyaudio", module)
    monkeypatch.setattr(microphone, "RETRY_SECONDS", (0.0,))
    monkeypatch.setattr(microphone, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(microphone, "LOST_SECONDS", 1000.0)  # by this clock a machine that stalls would lose it
    return fake


def test_devices_that_record_are_listed(portaudio):
    assert list_devices() == (
        Device(1, "USB Mic: Audio (hw:1,0)", 2, 48000, False),
        Device(2, "Built-in Mic", 1, 16000, True),
    )
    assert portaudio.started == 0


@pytest.mark.parametrize(("wanted", "number"), [(None, 2), ("1", 1), ("usb", 1), ("HW:1", 1), ("built-in mic", 2)])
def test_a_device_is_found_by_number_or_name(portaudio, wanted, number):
    assert find_device(list_devices(), wanted).number == number


def test_a_full_name_goes_before_a_part_of_one():
    devices = (Device(0, "mic two", 1, 16000, False), Device(1, "mic", 1, 16000, False))
    assert find_device(devices, "Mic").number == 1


@pytest.mark.parametrize(
    ("wanted", "message"),
    [("mic", "several fit: 1 'USB Mic.*2 'Built-in"), ("0", "found only 1 'USB.*the number"), ("x", "found only 1 'USB Mic")],
)
def test_a_device_that_is_not_there_is_answered_with_those_that_are(portaudio, wanted, message):
    with pytest.raises(AudioError, match=message):
        Microphone(wanted)
    assert portaudio.started == 0


def test_no_device_at_all(portaudio):
    portaudio.devices = [SPEAKER]
    with pytest.raises(AudioError, match="no device that records"):
        Microphone()


def test_without_pyaudio_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyaudio", None)
    with pytest.raises(AudioError, match=r"pip install 'edge-asr\[mic\]'"):
        list_devices()


def test_what_is_recorded_is_heard(portaudio):
    source = Microphone(None, 16000)
    assert (source.name, source.sample_rate) == ("Built-in Mic", 16000)
    assert portaudio.opened == [(2, 16000, 1, 1280)]
    chunks = source.chunks()
    assert len(next(chunks)) == 0
    portaudio.record([1, -2])
    portaudio.record([3])
    assert next(chunks).tolist() == [1, -2, 3]
    source.close()
    assert portaudio.started == 0


def test_a_device_that_refuses_the_rate_is_opened_at_its_own_and_its_channels_are_averaged(portaudio):
    portaudio.takes = {(48000, 2)}
    source = Microphone("USB", 16000)
    assert source.sample_rate == 48000
    portaudio.record([100, 300, -100, -300])
    got = next(source.chunks())
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, np.float32([200 / 32768, -200 / 32768]))


def test_it_brings_as_much_at_once_as_it_was_asked_for(portaudio, monkeypatch):
    monkeypatch.setattr(microphone, "LOST_SECONDS", 0.0)
    chunks = Microphone("USB", 16000, chunk_seconds=0.02).chunks()
    assert isinstance(next(chunks), SourceLost)
    assert isinstance(next(item for item in chunks if not isinstance(item, np.ndarray)), SourceBack)
    assert [frames for *_, frames in portaudio.opened] == [320, 320]  # 20 ms at 16 kHz, also when it is opened again
    room = round(microphone.QUEUE_SECONDS / 0.02)
    for number in range(room + 1):
        portaudio.record([number] * 320)
    assert next(chunks) == Overrun(0.0, 320)


def test_a_device_that_refuses_everything(portaudio):
    portaudio.takes = set()
    with pytest.raises(AudioError, match=r"USB.*can't record 16-bit samples at 16000 or 48000 Hz: invalid sample rate"):
        Microphone("USB", 16000)
    assert portaudio.started == 0


def test_a_reader_who_is_late_is_told_what_was_lost(portaudio):
    chunks = Microphone().chunks()
    next(chunks)
    room = round(microphone.QUEUE_SECONDS / microphone.CHUNK_SECONDS)
    for number in range(room + 3):
        portaudio.record([number] * 320)
    assert next(chunks) == Overrun(0.0, 3 * 320)
    got = next(chunks)
    assert got[0] == 3
    assert len(got) == room * 320


def test_what_the_driver_lost_is_told(portaudio):
    chunks = Microphone().chunks()
    portaudio.record([1] * 320, status=2)
    assert next(chunks) == Overrun(0.0, 320)


def test_an_unplugged_device_is_waited_for_and_heard_again(portaudio):
    chunks = Microphone("USB").chunks()
    portaudio.record([1])
    assert next(chunks).tolist() == [1]

    portaudio.running.active, portaudio.devices = False, [SPEAKER]
    assert next(chunks) == SourceLost(0.0, "USB Mic: Audio (hw:1,0): the device stopped")
    portaudio.devices = [SPEAKER, {**BUILT_IN, "index": 1}, {**USB, "index": 2}]  # its number is another one now
    assert next(item for item in chunks if not isinstance(item, np.ndarray)) == SourceBack(0.0, USB["name"])
    assert portaudio.opened[-1][0] == 2
    portaudio.record([2])
    assert next(chunks).tolist() == [2]
    assert portaudio.started == 1


def test_a_device_that_falls_silent_is_lost(portaudio, monkeypatch):
    monkeypatch.setattr(microphone, "LOST_SECONDS", 0.0)
    chunks = Microphone().chunks()
    assert isinstance(next(chunks), SourceLost)


def test_a_reader_is_not_blocked_while_a_device_is_away(portaudio, monkeypatch):
    monkeypatch.setattr(microphone, "RETRY_SECONDS", (1000.0,))
    chunks = Microphone().chunks()
    portaudio.running.active = False
    assert isinstance(next(chunks), SourceLost)
    assert len(next(chunks)) == 0
