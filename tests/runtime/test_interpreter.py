"""The interpreter's edge: what can't load or run is one clear error, and nothing is written to stderr."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from edge_asr.errors import DelegateError, InterpreterError
from edge_asr.runtime.accelerator import Accelerator
from edge_asr.runtime.interpreter import Interpreter
from tests.conftest import TINY_MODEL

MODEL = TINY_MODEL.read_bytes()
WINDOW = np.full((1, 49, 40, 1), -20, np.int8)


def test_invoke_gives_a_copy():
    interpreter = Interpreter(MODEL)
    first = interpreter.invoke(WINDOW)
    kept = first.copy()
    interpreter.invoke(WINDOW + np.int8(60))
    assert (first.shape, first.dtype) == ((1, 4), np.int8)
    assert np.array_equal(first, kept)


def test_threads_may_share_an_interpreter(monkeypatch):
    interpreter = Interpreter(MODEL)
    windows = [np.full((1, 49, 40, 1), level, np.int8) for level in range(-120, 120, 20)]
    expected = [interpreter.invoke(window) for window in windows]
    native = interpreter._model._native

    class Slow:
        """Gives the other threads time between setting the input and running the model."""

        def set_tensor(self, index, values):
            native.set_tensor(index, values)
            time.sleep(0.001)

        def __getattr__(self, name):
            return getattr(native, name)

    monkeypatch.setattr(interpreter._model, "_native", Slow())
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(interpreter.invoke, windows))
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("bad", [np.zeros((1, 49, 39, 1), np.int8), np.zeros((1, 49, 40, 1), np.float32)])
def test_other_shapes_and_types_are_refused(bad):
    with pytest.raises(InterpreterError, match="could not run"):
        Interpreter(MODEL).invoke(bad)


@pytest.mark.parametrize("model", [b"", b"x", MODEL[:8], MODEL[:1500], bytes(3000)])
def test_what_is_no_model_is_refused(model: bytes):
    with pytest.raises(InterpreterError, match="refuses the model"):
        Interpreter(model)


def test_threads_and_kernels_are_checked():
    with pytest.raises(InterpreterError, match="at least 1 thread"):
        Interpreter(MODEL, threads=0)
    with pytest.raises(InterpreterError, match="builtin"):
        Interpreter(MODEL, kernels="fast")  # type: ignore[arg-type]


def test_no_interpreter_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setitem(sys.modules, "tflite_runtime", None)
    with pytest.raises(InterpreterError, match="pip install ai-edge-litert"):
        Interpreter(MODEL)


def test_tflite_runtime_is_second(monkeypatch):
    from ai_edge_litert import interpreter as litert

    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    package = type(sys)("tflite_runtime")
    package.interpreter = litert
    monkeypatch.setitem(sys.modules, "tflite_runtime", package)
    monkeypatch.setattr("edge_asr.runtime.interpreter.version", lambda name: f"version of {name}")
    assert Interpreter(MODEL).description.version == "version of tflite-runtime"


@pytest.mark.system
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names a library of Linux")
def test_wrong_delegates_are_refused(tmp_path: Path):
    for path in (str(tmp_path / "missing.so"), __file__):
        with pytest.raises(DelegateError, match="library that loads"):
            Interpreter(MODEL, accelerator=Accelerator(path))
    with pytest.raises(DelegateError, match="no delegate"):
        Interpreter(MODEL, accelerator=Accelerator("libm.so.6"))


def test_loading_says_nothing_on_stderr():
    script = f"from edge_asr.runtime.interpreter import Interpreter; Interpreter(open({str(TINY_MODEL)!r}, 'rb').read())"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("", "")
