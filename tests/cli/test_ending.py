"""How `edge-asr listen` ends when someone else decides it."""

from __future__ import annotations

import fcntl
import json
import signal
import struct
import termios

import pytest

from tests.cli.command import start
from tests.runtime.tones import engine_of, tones

# "yes" is detected while it is heard, "no" only when the stream is finished (checked in the test).
SOUND = tones(1.9, [(0.1, "yes"), (1.25, "no")], length=0.65)


def unread(pipe) -> int:
    """Bytes in a pipe that nobody has read."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_finishes_the_stream(tiny_bundle, number, status):
    stream = engine_of(tiny_bundle).stream()
    assert [event.label for event in stream.accept(SOUND)] == ["yes"]
    assert [event.label for event in stream.finish()] == ["no"]

    process = start("listen", "--bundle", tiny_bundle.path, "--input", "-", "--json")
    with process:
        process.stdin.write(SOUND.tobytes())
        process.stdin.flush()
        events = [json.loads(process.stdout.readline())["event"] for _ in range(3)]
        while unread(process.stdin):
            pass
        process.send_signal(number)
        rest = [json.loads(line) for line in process.stdout.read().splitlines()]
        assert process.stderr.read() == b""
    assert events == ["header", "started", "detection"]
    assert [event["label"] for event in rest] == ["no"]
    assert process.returncode == status


def test_a_closed_pipe_is_quiet(tiny_bundle):
    process = start("listen", "--bundle", tiny_bundle.path, "--input", "-", "--json")
    with process:
        assert process.stdout.readline()
        process.stdout.close()
        process.stdin.write(SOUND.tobytes())
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
