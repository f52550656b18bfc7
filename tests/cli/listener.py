"""A command that hears a microphone into which the test plays, on machines that may be too busy to play without a break."""

from __future__ import annotations

import json
import queue
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from tests.cli.command import start
from tests.runtime.pulse import PulseServer

PATIENCE = 120
"""Seconds until a test gives up on an event; a busy machine takes a tenth of it."""
QUIET = 20
"""Seconds without an event after which a clip is taken for spoilt: a wake word is followed by 5 at most."""
PLAYS = 6


class Listener:
    """`edge-asr ... --input mic --json`, and its events as they come, but for lost audio, which only says that it is spoilt."""

    def __init__(self, server: PulseServer, *arguments: object) -> None:
        self._server = server
        self.process = start(*arguments, "--input", "mic", "--json", env=server.environment)
        self._events: queue.Queue[dict] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] != "overrun":
                self._events.put(event)

    def next(self, kind: str) -> dict:
        """The next event, which must be of that kind."""
        event = self._events.get(timeout=PATIENCE)
        assert event["event"] == kind, event
        return event

    def until(self, kind: str) -> dict:
        """The next event of that kind, whatever comes before it."""
        while (event := self._events.get(timeout=PATIENCE))["event"] != kind:
            pass
        return event

    def hear(self, clip: Path, whole: Callable[[list[dict]], bool]) -> list[dict]:
        """Play the clip until what was heard last is the `whole` of it. Returns all events.

        A machine that stalls tears it apart, and when that lasts for seconds the microphone is lost and found again.
        """
        heard: list[dict] = []
        for _ in range(PLAYS):
            self._server.play(clip)
            try:
                while not whole(heard):
                    heard.append(self._events.get(timeout=QUIET))
            except queue.Empty:
                continue
            return heard
        raise AssertionError(f"played {PLAYS} times, heard only {heard}")

    def end(self) -> int:
        """Ctrl-C; returns the exit status."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)
        self._reader.join()
        return self.process.returncode

    def kill(self) -> None:
        """End it if it still runs."""
        with self.process:
            self.process.kill()
        self._reader.join()
