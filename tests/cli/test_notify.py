"""What `listen` and `transcribe` tell the service manager, which is a socket of the test's."""

from __future__ import annotations

import fcntl
import json
import signal
import struct
import sys
import termios

import pytest

from edge_asr.cli.main import main
from tests.cli.command import environment, start
from tests.runtime.notify_socket import NotifySocket
from tests.runtime.tones import tones

WATCHDOG_SECONDS = 0.8
"""A sign of life is due every quarter of it."""
SILENCE = 2.0
"""Seconds in which several signs of life would have come."""
ALIVE = "WATCHDOG=1"
SOUND = tones(1.6, [(0.2, "yes")]).tobytes()
QUIET = tones(0.1, []).tobytes()


@pytest.fixture
def manager(tmp_path):
    with NotifySocket(str(tmp_path / "notify")) as made:
        yield made


@pytest.fixture(params=["listen", "transcribe"])
def service(request, manager):
    """The command as a service that hears its stdin, once it is ready to hear."""
    bundle = request.getfixturevalue({"listen": "tiny_bundle", "transcribe": "tiny_speech"}[request.param])
    variables = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(round(WATCHDOG_SECONDS * 1e6))}
    arguments = (request.param, "--bundle", bundle.path, "--input", "-", "--json")
    process = start(*arguments, env={**environment(), **variables})
    with process:
        assert [json.loads(process.stdout.readline())["event"] for _ in range(2)] == ["header", "started"]
        yield process
        process.kill()


def hear(process, sound):
    process.stdin.write(sound)
    process.stdin.flush()


def unread(pipe):
    """Bytes in a pipe that nobody has read."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]


def test_ready_with_audio_alive_while_it_comes_and_stopping_at_the_end(service, manager):
    with pytest.raises(TimeoutError):  # no audio yet
        manager.next(SILENCE)
    hear(service, QUIET)
    assert manager.next() == "READY=1\nSTATUS=listening to stdin, heard 0"

    said = []
    while said.count(ALIVE) < 3:
        hear(service, QUIET)
        said += manager.all()
    assert set(said) == {ALIVE}

    # The pipe is open, but nothing comes; of what was read last one sign of life may come yet.
    while unread(service.stdin):
        pass
    manager.all()
    silent = manager.until_quiet(SILENCE)
    service.send_signal(signal.SIGTERM)
    assert service.wait(120) == 0
    assert [*silent, *manager.all()] in (["STOPPING=1"], [ALIVE, "STOPPING=1"])


def test_the_status_counts_what_was_heard(service, manager):
    hear(service, SOUND)
    service.stdin.close()
    said = [manager.next()]
    while said[-1] != "STOPPING=1":  # taken at once: a socket holds few messages, and a slow machine says often that it is alive
        said.append(manager.next())
    status = [line for message in said for line in message.splitlines() if line.startswith("STATUS=")]
    assert status[-1] == "STATUS=listening to stdin, heard 1"
    assert service.wait(120) == 0


def listen(bundle, *arguments):
    """`edge-asr listen` in this process; returns its status."""
    return main(["listen", "--bundle", str(bundle.path), *map(str, arguments)])


def test_an_error_is_the_end_and_never_ready(tiny_bundle, manager, tmp_path, monkeypatch):
    (tmp_path / "empty.wav").touch()
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
    assert listen(tiny_bundle, "--input", tmp_path / "empty.wav") == 2
    assert manager.all() == ["STOPPING=1"]


@pytest.mark.parametrize(("name", "value"), [("NOTIFY_SOCKET", "relative"), ("WATCHDOG_USEC", "soon")])
def test_an_environment_that_no_service_manager_makes(tiny_bundle, monkeypatch, capsys, name, value):
    monkeypatch.setenv(name, value)
    assert listen(tiny_bundle, "--input", "missing.wav") == 2
    assert capsys.readouterr().err.startswith(f"edge-asr: error: {name}: expected")


@pytest.mark.parametrize("option", ["--wait", "--chunk-ms=20", "--device=0"])
def test_options_of_the_microphone_are_for_it_alone(tiny_bundle, capsys, option):
    assert listen(tiny_bundle, "--input", "-", option) == 2
    name = option.partition("=")[0]
    assert capsys.readouterr().err == f"edge-asr: error: {name} is for the microphone; leave --input out, or {name}\n"


@pytest.mark.parametrize("milliseconds", ["4.9", "2001", "nan", "x"])
def test_chunks_that_no_microphone_brings(tiny_bundle, capsys, milliseconds):
    with pytest.raises(SystemExit):
        listen(tiny_bundle, f"--chunk-ms={milliseconds}")
    assert "argument --chunk-ms" in capsys.readouterr().err


@pytest.fixture
def waiting(tiny_bundle, pulse, manager):
    """`edge-asr listen --wait` at a sound server that has no microphone."""
    pulse.unplug()
    variables = {**pulse.environment, "NOTIFY_SOCKET": manager.address}
    with start("listen", "--bundle", tiny_bundle.path, "--wait", "--chunk-ms", "40", "--json", env=variables) as process:
        line = process.stderr.readline().decode()
        assert line.startswith("edge-asr: waiting for audio: ")
        assert manager.next() == f"STATUS={line.removeprefix('edge-asr: ').strip()}"
        yield process
        process.kill()


@pytest.mark.system
def test_a_microphone_that_is_not_there_at_the_start_is_waited_for(waiting, pulse, manager):
    pulse.plug_in()
    while (said := manager.next()).startswith("STATUS=waiting for audio: "):  # half plugged in it is another reason
        pass
    assert said == "READY=1\nSTATUS=listening to default, heard 0"
    assert [json.loads(waiting.stdout.readline())["event"] for _ in range(2)] == ["header", "started"]


@pytest.mark.system
def test_waiting_for_a_microphone_ends_with_a_signal(waiting, manager):
    waiting.send_signal(signal.SIGTERM)
    assert waiting.wait(120) == 0
    assert waiting.stdout.read() == b""
    assert manager.all() == ["STOPPING=1"]


def test_without_pyaudio_there_is_nothing_to_wait_for(tiny_bundle, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pyaudio", None)
    assert listen(tiny_bundle, "--wait") == 2
    assert "the microphone needs PyAudio" in capsys.readouterr().err
