"""sd_notify, told to a real socket."""

from __future__ import annotations

import os

import pytest

from edge_asr.errors import ConfigError
from edge_asr.runtime.events import Detection, Final, NoCommand, Overrun, Partial, SourceBack, SourceLost, Started
from edge_asr.runtime.notify import ServiceManager, service_manager
from tests.runtime.notify_socket import NotifySocket

READY = "READY=1\nSTATUS=listening to mic, heard 0"
ALIVE = "WATCHDOG=1"


class Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sent(tmp_path):
    with NotifySocket(str(tmp_path / "notify")) as made:
        yield made


@pytest.fixture
def service(sent, clock):
    """A service that has opened its source, with a watchdog of 8 seconds."""
    made = ServiceManager(sent.address, 8.0, clock=clock)
    made.event(Started(0.0, "mic"))
    return made


def test_it_is_ready_with_the_first_audio_and_not_before(service, sent):
    service.audio(0)
    assert sent.all() == []
    service.audio(1280)
    service.audio(2560)
    assert sent.all() == [READY]


def test_an_abstract_address(clock):
    with NotifySocket(f"@edge-asr-test-{os.getpid()}") as sent:
        ServiceManager(sent.address).waiting("no microphone")
        assert sent.all() == ["STATUS=waiting for audio: no microphone"]


def test_signs_of_life_come_with_audio_four_times_in_the_watchdogs_time(service, sent, clock):
    for step in range(1, 65):  # 8 seconds
        clock.seconds += 0.125
        service.audio(1600 * step)
    assert sent.all() == [READY, ALIVE, ALIVE, ALIVE, ALIVE]


def test_without_audio_there_is_no_sign_of_life(service, sent, clock):
    service.audio(1600)
    for _ in range(100):
        clock.seconds += 1.0
        service.audio(1600)
        service.event(Overrun(0.0, 1))
    assert sent.all() == [READY]
    service.audio(3200)
    assert sent.all() == [ALIVE]


def test_a_stream_that_begins_again_is_alive(service, sent, clock):
    service.audio(16000)
    clock.seconds += 3.0
    service.audio(1600)
    assert sent.all() == [READY, ALIVE]


def test_without_a_watchdog_there_is_no_sign_of_life(sent, clock):
    service = ServiceManager(sent.address, clock=clock)
    for samples in (1, 2, 3):
        clock.seconds += 1000.0
        service.audio(samples)
    assert [message.partition("\n")[0] for message in sent.all()] == ["READY=1"]


def test_the_status_counts_what_was_heard_and_keeps_it_to_itself(service, sent):
    service.audio(1)
    service.event(Detection("yes", 0.1, 0.5, 0.9))
    service.event(Partial("open", 1.0))
    service.event(Final("open the door", 1.0, 2.0, 0.9))
    service.event(Final("", 3.0, 4.0, 0.0))
    service.event(NoCommand(5.0))
    assert sent.all() == [READY, "STATUS=listening to mic, heard 1", "STATUS=listening to mic, heard 2"]


def test_the_status_says_that_the_source_is_lost_and_back(service, sent):
    service.audio(1)
    service.event(SourceLost(1.0, "mic: the device stopped"))
    service.event(SourceBack(1.0, "other mic"))
    assert sent.all() == [
        READY,
        "STATUS=lost the source, waiting for it: mic: the device stopped",
        "STATUS=listening to other mic, heard 0",
    ]


def test_a_name_cannot_say_more_than_a_status(sent):
    with ServiceManager(sent.address) as service:
        service.event(Started(0.0, "mic\nMAINPID=1\r\x85\u2028" + "x" * 5000))
        service.waiting("a\nREADY=1")
        service.audio(1)
    waiting, ready, stopping = sent.all()
    assert waiting == "STATUS=waiting for audio: a READY=1"
    assert ready.startswith("READY=1\nSTATUS=listening to mic MAINPID=1   xxx")
    assert ready.count("\n") == 1
    assert len(ready) < 400  # a line in a terminal or two
    assert stopping == "STOPPING=1"


def test_that_it_stops_is_said_also_after_an_error(sent):
    with pytest.raises(ZeroDivisionError), ServiceManager(sent.address):
        raise ZeroDivisionError
    assert sent.all() == ["STOPPING=1"]


def test_a_service_manager_that_is_not_there_or_does_not_read_stops_nothing(tmp_path):
    with ServiceManager(str(tmp_path / "nobody")) as gone:
        gone.audio(1)
    with NotifySocket(str(tmp_path / "slow")) as slow, ServiceManager(slow.address) as service:
        for _ in range(5000):  # more than a socket holds (net.unix.max_dgram_qlen)
            service.waiting("x")
        assert slow.all()


def test_that_it_is_ready_is_said_until_it_was_delivered(tmp_path):
    service = ServiceManager(str(tmp_path / "notify"))
    service.event(Started(0.0, "mic"))
    service.audio(1)
    with NotifySocket(str(tmp_path / "notify")) as sent:
        service.audio(2)
        service.audio(3)
        assert sent.all() == [READY]


def test_without_a_service_manager_nothing_is_sent(monkeypatch):
    monkeypatch.setattr("socket.socket", None)
    with service_manager({}, 1) as service:
        service.event(Started(0.0, "mic"))
        service.audio(1)


@pytest.mark.parametrize(
    ("variables", "pause"),
    [
        ({"WATCHDOG_USEC": "8000000"}, 2.0),
        ({"WATCHDOG_USEC": "8000000", "WATCHDOG_PID": "7"}, 2.0),
        ({"WATCHDOG_USEC": "8000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "junk", "WATCHDOG_PID": "8"}, None),
        ({}, None),
    ],
)
def test_the_watchdogs_time_is_in_the_environment_of_the_process_it_is_for(sent, clock, variables, pause):
    service = service_manager({"NOTIFY_SOCKET": sent.address, **variables}, 7, clock=clock)
    service.audio(1)
    sent.all()
    for number in range(2, 42):  # 5 seconds
        clock.seconds += 0.125
        service.audio(number)
    assert sent.all() == [ALIVE] * (0 if pause is None else int(5.0 / pause))


@pytest.mark.parametrize("found", ["1.5", "-1", "junk", "9" * 30, "٣"])
def test_a_watchdogs_time_that_is_none(found):
    with pytest.raises(ConfigError, match="WATCHDOG_USEC: expected microseconds"):
        service_manager({"WATCHDOG_USEC": found}, 1)


@pytest.mark.parametrize("found", ["relative", "vsock:2:1234", "tcp://x"])
def test_an_address_that_is_none(found):
    with pytest.raises(ConfigError, match="NOTIFY_SOCKET: expected a full path, or @ and a name"):
        service_manager({"NOTIFY_SOCKET": found}, 1)
