"""Is everything there that a listening device needs? Each check says what it found, and what to do where something is missing."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from edge_asr.bundle.speech import EndpointSpec
from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.errors import ConfigError, EdgeAsrError, InterpreterError
from edge_asr.frontend.resample import resample
from edge_asr.runtime.accelerator import CPU, NONE, Accelerator
from edge_asr.runtime.engine import load_engine
from edge_asr.runtime.interpreter import Interpreter, Kernels
from edge_asr.runtime.load import load_model
from edge_asr.runtime.microphone import find_device, list_devices
from edge_asr.runtime.probe import PROBE_MODEL
from edge_asr.runtime.speech_engine import load_speech_engine
from edge_asr.runtime.voice import voice_detector

GATE_RATE = 16000
"""Hz: every gate takes it."""
OLDEST_PYTHON, NEWEST_PYTHON = (3, 10), (3, 13)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Literal["ok", "missing", "failed"]
    """`missing`: only some uses need it, and they will not work. `failed`: nothing will."""
    found: str
    advice: str = ""
    """What to do about it; empty when it is ok."""


def examine(bundle: Path | None = None, accelerator: Accelerator = CPU) -> tuple[Check, ...]:
    """Check this machine, `bundle` where one is given, and whether `accelerator` runs that.

    Does not raise: what is wrong is in the answer.
    """
    return tuple(_checks(bundle, accelerator))


def _checks(bundle: Path | None, accelerator: Accelerator) -> Iterator[Check]:
    yield _python()
    yield Check("numpy", "ok", np.__version__)
    install = "pip install --force-reinstall ai-edge-litert (on 32-bit ARM: tflite-runtime 'numpy<2')"
    yield _try("interpreter", "failed", lambda: _invoke("default"), install)
    yield _try("portable kernels", "missing", lambda: _invoke("builtin"), install)
    yield _try(
        "resampling", "missing", _resample, "for input at another rate than the bundle's: pip install 'edge-asr[resample]'"
    )
    yield from _gates()
    portaudio = "for the microphone: apt install portaudio19-dev python3-dev gcc, pip install 'edge-asr[mic]'"
    devices = _try("audio devices", "missing", lambda: f"{len(list_devices())} that can record", portaudio)
    yield devices
    if devices.status == "ok":
        plug = "plug a microphone in; on Linux, the user must be in the group audio or run a sound server"
        yield _try("microphone", "missing", lambda: find_device(list_devices(), None).name, plug)
    if bundle is not None:
        yield _try("bundle", "failed", lambda: _bundle(bundle), "copy the bundle again from where it was made, or export it anew")
        if accelerator.delegate != NONE:
            yield _accelerator(bundle, accelerator)


def _python() -> Check:
    version = platform.python_version()
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        return Check("python", "ok", f"{version} on {platform.machine()}")
    wanted = " to ".join(".".join(map(str, edge)) for edge in (OLDEST_PYTHON, NEWEST_PYTHON))
    return Check("python", "failed", version, f"install Python {wanted}")


def _try(name: str, otherwise: Literal["missing", "failed"], look: Callable[[], str], advice: str) -> Check:
    try:
        return Check(name, "ok", look())
    except EdgeAsrError as err:
        return Check(name, otherwise, str(err), advice)


def _resample() -> str:
    resample(np.zeros(441, np.float32), 44100, 16000)
    return "44100 Hz to 16000 Hz works"


def _gates() -> Iterator[Check]:
    """What can tell a recogniser when somebody speaks."""
    yield Check("gate energy", "ok", "built in")
    install = "for recognisers that are to use it (--gate): pip install 'edge-asr[vad]'"
    yield _try("gate webrtcvad", "missing", lambda: _gate(EndpointSpec("webrtcvad")), install)
    yield _try("gate pysilero", "missing", lambda: _gate(EndpointSpec("pysilero")), install)


def _gate(endpoint: EndpointSpec) -> str:
    voice = voice_detector(endpoint, GATE_RATE)
    if voice.is_speech(np.zeros(voice.frame_samples)).any():
        raise ConfigError("expected silence to be no speech, found the contrary")
    return f"works, on frames of {1000 * voice.frame_samples / GATE_RATE:g} ms"


def _invoke(kernels: Kernels) -> str:
    interpreter = Interpreter(PROBE_MODEL, kernels=kernels)
    answer = interpreter.invoke(np.array([[-2, -1, 1, 2]], np.int8)).tolist()
    if answer != [[0, 0, 1, 2]]:
        raise InterpreterError(f"expected [[0, 0, 1, 2]] from a test model, found {answer}")
    about = interpreter.description
    return f"{about.package} {about.version} runs a test model with {about.kernels} kernels"


def _accelerator(path: Path, accelerator: Accelerator) -> Check:
    try:
        bundle = read_bundle(path)
        loaded = load_model(bundle, bundle.manifest.kind, form=None, threads=1, kernels="default", accelerator=accelerator)
    except EdgeAsrError as err:
        return Check("accelerator", "failed", str(err), "see docs/accelerators.md; with --fallback the CPU runs it")
    about = loaded.interpreter.description
    found = f"{loaded.model.form} form on {about.placement}"
    return Check("accelerator", "missing", found, about.fallback) if about.fallback else Check("accelerator", "ok", found)


def _bundle(path: Path) -> str:
    bundle = read_bundle(path)
    if bundle.manifest.kind == "speech":
        return _speech_bundle(bundle)
    engine = load_engine(bundle)
    posterior = engine.classify(np.zeros(engine.window_samples, np.int16))
    ran = f"{engine.model.form} form on {engine.interpreter.description.placement}"
    return f"{engine.manifest.name}: loads and runs ({ran}); silence is {engine.labels[int(np.argmax(posterior))]}"


def _speech_bundle(bundle: Bundle) -> str:
    engine = load_speech_engine(bundle)
    gate = engine.spec.endpoint
    voice_detector(gate, engine.sample_rate)
    decoder = engine.decoder()
    decoder.advance(engine.log_probs(np.zeros(engine.sample_rate, np.int16)))
    text = decoder.finish().text
    heard = f"silence is taken for {text!r}" if text else "silence has no words"
    ran = f"{engine.model.form} form on {engine.interpreter.description.placement}"
    return f"{engine.manifest.name}: loads and runs ({ran}) with its gate ({gate.gate}); {heard}"
