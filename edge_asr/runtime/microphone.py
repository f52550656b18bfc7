"""The microphone, through PyAudio (PortAudio). It may be unplugged and come back; the reader is told, and need not restart."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import AudioError
from edge_asr.runtime.capture_queue import CaptureQueue
from edge_asr.runtime.events import Overrun, SourceBack, SourceLost
from edge_asr.runtime.quiet import quiet_stderr
from edge_asr.runtime.sources import POLL_SECONDS, Incident

CHUNK_SECONDS = 0.08
"""What one callback brings, unless asked otherwise. 20 ms cost a third more CPU (benchmarks/cost.py); models run every 80 ms."""
QUEUE_SECONDS = 4.0
"""Audio that waits for a reader who is busy, before the oldest is dropped."""
LOST_SECONDS = 5.0
"""A device that gives nothing for this long is lost. PulseAudio may take 2 s for its first samples."""
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""Waits between attempts to open a lost device again; the last one repeats."""


@dataclass(frozen=True)
class Device:
    """A device that can record."""

    number: int
    name: str
    channels: int
    sample_rate: int
    """Its own rate, Hz."""
    is_default: bool


def list_devices() -> tuple[Device, ...]:
    """The devices that can record, in PortAudio's order. Raises `AudioError` when PyAudio is missing."""
    audio = _start_portaudio()
    try:
        return _devices(audio)
    finally:
        audio.terminate()


def find_device(devices: tuple[Device, ...], wanted: str | None) -> Device:
    """The device of that number, or with that in its name (in any case; a full name comes first); None: the default.

    Raises `AudioError`, naming what there is, when none or several fit.
    """
    if wanted is None:
        found = [device for device in devices if device.is_default] or list(devices[:1])
    elif wanted.isdecimal():
        found = [device for device in devices if device.number == int(wanted)]
    else:
        found = [device for device in devices if device.name.lower() == wanted.lower()]
        found = found[:1] or [device for device in devices if wanted.lower() in device.name.lower()]
    if len(found) == 1:
        return found[0]
    if not devices:
        raise AudioError("expected a microphone, found no device that records; plug one in (see edge-asr doctor)")
    there = ", ".join(f"{device.number} {device.name!r}" for device in found or devices)
    problem = f"several fit: {there}; write more of the name, or" if found else f"found only {there}; write"
    raise AudioError(f"expected a microphone {wanted!r}, {problem} the number that edge-asr devices shows")


class Microphone:
    """A device that records. Opens it at once, at `sample_rate` or, where it refuses that, at its own rate.

    `device` is a number or a part of a name (None: the default); it brings audio every `chunk_seconds`. Raises `AudioError` when
    PyAudio or the device is missing.
    """

    def __init__(self, device: str | None = None, sample_rate: int = 16000, *, chunk_seconds: float = CHUNK_SECONDS) -> None:
        self._wanted, self._chunk_seconds = device, chunk_seconds
        self._capture = _Capture(device, (sample_rate, None), chunk_seconds)
        self.name, self.sample_rate = self._capture.device.name, self._capture.sample_rate

    def chunks(self) -> Iterator[NDArray[Any] | Incident]:
        """Samples, int16 or (of several channels, averaged) float32, as they are recorded; does not end by itself."""
        while True:
            reason = yield from self._record()
            yield SourceLost(0.0, reason)
            self._capture.close()
            yield from self._reopen()
            yield SourceBack(0.0, self.name)

    def close(self) -> None:
        """Let go of the device."""
        self._capture.close()

    def _record(self) -> Generator[NDArray[Any] | Incident, None, str]:
        """Chunks until the device is lost; returns why."""
        capture, heard_at = self._capture, monotonic()
        while True:
            raw, lost = capture.queue.take(POLL_SECONDS)
            if lost:
                yield Overrun(0.0, lost // (2 * capture.channels))
            if raw:
                heard_at = monotonic()
            elif not capture.is_active():
                return f"{self.name}: the device stopped"
            elif monotonic() - heard_at > LOST_SECONDS:
                return f"{self.name}: no audio for {LOST_SECONDS:g} s"
            yield _mono(raw, capture.channels)

    def _reopen(self) -> Iterator[NDArray[Any]]:
        """Empty chunks until the device could be opened again."""
        for attempt in itertools.count():
            until = monotonic() + RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
            while (left := until - monotonic()) > 0:
                sleep(min(left, POLL_SECONDS))
                yield np.zeros(0, np.int16)
            try:
                self._capture = _Capture(self._wanted, (self.sample_rate,), self._chunk_seconds)
                return
            except AudioError:  # not there yet
                continue


class _Capture:
    """One opening of a device: PortAudio sees new devices only when it is started anew."""

    def __init__(self, wanted: str | None, rates: tuple[int | None, ...], chunk_seconds: float) -> None:
        """Open the device at the first of `rates` that it takes (None: its own)."""
        self._chunk_seconds = chunk_seconds
        self._audio = _start_portaudio()
        try:
            self.device = find_device(_devices(self._audio), wanted)
            self._stream = self._open([rate or self.device.sample_rate for rate in rates])
        except BaseException:
            self._audio.terminate()
            raise

    def is_active(self) -> bool:
        try:
            return bool(self._stream.is_active())
        except OSError:
            return False

    def close(self) -> None:
        """Close the device; a second time does nothing."""
        with contextlib.suppress(OSError):  # a device that is gone can refuse even that
            self._stream.close()
        self._audio.terminate()

    def _open(self, rates: list[int]) -> Any:
        problem: Exception | None = None
        for rate, channels in itertools.product(rates, sorted({1, min(2, self.device.channels), self.device.channels})):
            try:
                stream = self._open_as(rate, channels)
            except (OSError, ValueError) as err:
                problem = err
                continue
            self.sample_rate, self.channels = rate, channels
            return stream
        raise AudioError(
            f"{self.device.name}: can't record 16-bit samples at {' or '.join(map(str, rates))} Hz: {problem}"
        ) from problem

    def _open_as(self, rate: int, channels: int) -> Any:
        import pyaudio

        queue = self.queue = CaptureQueue(round(QUEUE_SECONDS / self._chunk_seconds))

        def keep(raw: bytes, frames: int, times: object, status: int) -> tuple[None, int]:
            # The driver does not say how much it dropped; a chunk is the least that it can be.
            queue.put(raw, lost=len(raw) if status & pyaudio.paInputOverflow else 0)
            return None, pyaudio.paContinue

        with quiet_stderr():
            return self._audio.open(
                rate=rate,
                channels=channels,
                format=pyaudio.paInt16,
                input=True,
                input_device_index=self.device.number,
                frames_per_buffer=round(rate * self._chunk_seconds),
                stream_callback=keep,
            )


def _start_portaudio() -> Any:
    try:
        import pyaudio
    except ImportError as err:
        raise AudioError(
            f"the microphone needs PyAudio, found: {err}; pip install 'edge-asr[mic]' "
            "(on Linux it is compiled: apt install portaudio19-dev python3-dev gcc)"
        ) from err
    with quiet_stderr():  # ALSA and JACK tell of every device that they don't have
        return pyaudio.PyAudio()


def _devices(audio: Any) -> tuple[Device, ...]:
    try:
        default = audio.get_default_input_device_info()["index"]
    except OSError:  # there is none
        default = None
    infos = (audio.get_device_info_by_index(number) for number in range(audio.get_device_count()))
    return tuple(
        Device(
            number=int(info["index"]),
            name=str(info["name"]),
            channels=int(info["maxInputChannels"]),
            sample_rate=round(info["defaultSampleRate"]),
            is_default=info["index"] == default,
        )
        for info in infos
        if info["maxInputChannels"] > 0
    )


def _mono(raw: bytes, channels: int) -> NDArray[Any]:
    samples = np.frombuffer(raw, np.int16)
    if channels == 1:
        return samples
    mean: NDArray[np.float64] = samples.reshape(-1, channels).mean(axis=1)
    return (mean / 32768.0).astype(np.float32)
