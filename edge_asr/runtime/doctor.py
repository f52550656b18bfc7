"""Is everything there that a listening device needs? Each check says what it found, and what to do where something is missing."""

from __future__ import annotations

import importlib
import importlib.metadata
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from edge_asr.errors import EdgeAsrError
from edge_asr.runtime.engine import load_engine
from edge_asr.runtime.interpreter import Interpreter, Kernels
from edge_asr.runtime.microphone import find_device, list_devices
from edge_asr.runtime.probe import PROBE_MODEL

OLDEST_PYTHON, NEWEST_PYTHON = (3, 10), (3, 13)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Literal["ok", "missing", "broken"]
    needed: bool
    """False: only some uses need it."""
    found: str
    advice: str = ""
    """What to do about it; empty when it is ok."""


def examine(bundle: Path | None = None) -> tuple[Check, ...]:
    """Check this machine, and `bundle` where one is given. Does not raise: what is wrong is in the answer."""
    return tuple(_checks(bundle))


def _checks(bundle: Path | None) -> Iterator[Check]:
    yield _python()
    yield Check("numpy", "ok", True, np.__version__)
    yield _try("interpreter", True, lambda: _invoke("default"))
    yield _try("portable kernels", False, lambda: _invoke("builtin"))
    yield _package("soxr", "input at another rate than the bundle's needs it: pip install 'edge-asr[resample]'")
    pyaudio = _package(
        "pyaudio",
        "the microphone needs it: pip install 'edge-asr[mic]' (on Linux first: apt install portaudio19-dev python3-dev gcc)",
    )
    yield pyaudio
    if pyaudio.status == "ok":
        plug = "plug a microphone in; on Linux the user must be in the group audio, or have a running sound server"
        yield _try("microphone", False, _microphone, plug)
    if bundle is not None:
        yield _try("bundle", True, lambda: _bundle(bundle))


def _python() -> Check:
    version = platform.python_version()
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        return Check("python", "ok", True, f"{version} on {platform.machine()}")
    wanted = " to ".join(".".join(map(str, edge)) for edge in (OLDEST_PYTHON, NEWEST_PYTHON))
    return Check("python", "broken", True, version, f"install Python {wanted}")


def _package(name: str, advice: str) -> Check:
    try:
        importlib.import_module(name)
        return Check(name, "ok", False, importlib.metadata.version(name))
    except ModuleNotFoundError:
        return Check(name, "missing", False, "not installed", advice)
    except Exception as err:  # foreign code: a shared library of it can be missing
        return Check(name, "broken", False, str(err), advice)


def _try(name: str, needed: bool, look: Callable[[], str], advice: str = "") -> Check:
    try:
        return Check(name, "ok", needed, look())
    except EdgeAsrError as err:
        # The errors of this package end in what to do.
        return Check(name, "broken", needed, str(err), advice or "see the error")


def _invoke(kernels: Kernels) -> str:
    interpreter = Interpreter(PROBE_MODEL, kernels=kernels)
    answer = interpreter.invoke(np.array([[-2, -1, 1, 2]], np.int8)).tolist()
    if answer != [[0, 0, 1, 2]]:
        raise EdgeAsrError(f"expected [[0, 0, 1, 2]] from a test model, found {answer}: reinstall the interpreter")
    about = interpreter.description
    return f"{about.package} {about.version} runs a test model with {about.kernels} kernels"


def _microphone() -> str:
    device = find_device(list_devices(), None)
    return f"{device.name} ({device.channels} channels, {device.sample_rate} Hz)"


def _bundle(path: Path) -> str:
    engine = load_engine(path)
    posterior = engine.classify(np.zeros(engine.window_samples, np.int16))
    return f"{engine.manifest.name}: loads and runs; silence is {engine.labels[int(np.argmax(posterior))]}"
