"""External delegates, with a real one that is compiled here (recording_delegate.c): what reaches it, and what it may refuse."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edge_asr.bundle.store import Bundle
from edge_asr.errors import ConfigError, DelegateError, InterpreterError
from edge_asr.runtime import delegates
from edge_asr.runtime.accelerator import Accelerator
from edge_asr.runtime.engine import load_engine
from edge_asr.runtime.interpreter import Interpreter
from edge_asr.runtime.op_count import OpCount
from edge_asr.runtime.speech_engine import load_speech_engine
from tests.conftest import TINY_MODEL
from tests.runtime.delegate_library import build_delegate
from tests.runtime.tones import tones

pytestmark = pytest.mark.system
MODEL = TINY_MODEL.read_bytes()
OPS = Interpreter(MODEL).description.ops.model
WINDOW = np.full((1, 49, 40, 1), -20, np.int8)


@pytest.fixture(scope="session")
def library(tmp_path_factory) -> str:
    return build_delegate(tmp_path_factory.mktemp("delegate"))


def accelerated(library: str, **options: str) -> Accelerator:
    return Accelerator(library, options)


def test_it_gets_its_options_and_runs_the_model(library):
    interpreter = Interpreter(MODEL, accelerator=accelerated(library, fill="7"))
    assert interpreter.invoke(WINDOW).tolist() == [[7, 7, 7, 7]]
    about = interpreter.description
    assert (about.accelerator, about.options, about.fallback) == (library, {"fill": "7"}, "")
    assert about.ops == OpCount(OPS, accelerator=OPS)
    assert about.placement == f"{library}: of {OPS} operations {OPS} on {library}"


@pytest.mark.parametrize(("kernels", "xnnpack"), [("default", OPS - 1), ("builtin", 0)])
def test_what_it_leaves_is_the_cpus_and_both_are_counted(library, kernels, xnnpack):
    interpreter = Interpreter(MODEL, kernels=kernels, accelerator=accelerated(library, take="last", fill="9"))
    assert interpreter.invoke(WINDOW).tolist() == [[9, 9, 9, 9]]
    assert interpreter.description.ops == OpCount(OPS, accelerator=1, xnnpack=xnnpack)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colour": "red"}, "does not start: .*no such option: colour"),
        ({"fail": "create"}, "does not start"),
        ({"fail": "prepare"}, "refuses the model: .*delegate refuses: prepare"),
        ({"fail": "kernel"}, "refuses the model: .*delegate refuses: kernel"),
        ({"fail": "run"}, "could not run the model: .*delegate refuses: run"),
        ({"take": "none"}, f"takes none of its {OPS} operations"),
    ],
)
def test_what_it_refuses_is_one_error(library, options, message, capfd):
    with pytest.raises(DelegateError, match=f"(?s){library}.*{message}"):
        Interpreter(MODEL, accelerator=accelerated(library, **options))
    assert capfd.readouterr().err == ""


def test_a_failure_later_on_is_its_error_and_a_wrong_input_is_not(library):
    interpreter = Interpreter(MODEL, accelerator=accelerated(library, fail="second"))
    with pytest.raises(DelegateError, match="delegate refuses: run"):
        interpreter.invoke(WINDOW)
    with pytest.raises(InterpreterError, match="could not run"):
        Interpreter(MODEL, accelerator=accelerated(library)).invoke(WINDOW[:, :-1])


def test_with_fallback_the_cpu_runs_it_and_says_why(library, tiny_forms: Bundle, tiny_speech: Bundle):
    failing = Accelerator(library, {"fail": "prepare"}, fallback=True)
    engine, plain = load_engine(tiny_forms, accelerator=failing), load_engine(tiny_forms)
    about = engine.interpreter.description
    assert "delegate refuses: prepare" in about.fallback
    assert dataclasses.replace(about, fallback="") == plain.interpreter.description
    sound = tones(1.0, [(0.2, "yes")])
    assert np.array_equal(engine.classify(sound), plain.classify(sound))
    speech = load_speech_engine(tiny_speech, accelerator=failing)
    assert (speech.model.form, speech.interpreter.description.accelerator) == ("stream", "cpu")
    with pytest.raises(DelegateError, match="delegate refuses: prepare"):
        load_engine(tiny_forms, accelerator=dataclasses.replace(failing, fallback=False))


def test_fallback_is_for_what_fails_only(library, tiny_forms: Bundle):
    engine = load_engine(tiny_forms, accelerator=Accelerator(library, {"fill": "7"}, fallback=True))
    assert (engine.model.form, engine.interpreter.description.accelerator) == ("stream", library)
    assert engine.interpreter.description.fallback == ""


def test_the_edge_tpu_has_a_form_of_its_own(library, monkeypatch, tiny_compiled: Bundle):
    monkeypatch.setattr(delegates, "EDGETPU_LIBRARY", library)
    engine = load_engine(tiny_compiled, accelerator=Accelerator("edgetpu"))
    assert (engine.model.form, engine.interpreter.description.accelerator) == ("edgetpu", "edgetpu")
    assert load_engine(tiny_compiled, form="window", accelerator=Accelerator("edgetpu")).model.form == "window"


@pytest.mark.parametrize("form", [None, "edgetpu"])
def test_without_libedgetpu_the_cpu_takes_the_form_that_it_likes(monkeypatch, tiny_compiled: Bundle, form):
    monkeypatch.setattr(delegates, "EDGETPU_LIBRARY", "libedgetpu-is-not-here.so.1")
    with pytest.raises(DelegateError, match="libedgetpu-is-not-here.*install libedgetpu"):
        load_engine(tiny_compiled, form=form, accelerator=Accelerator("edgetpu"))
    engine = load_engine(tiny_compiled, form=form, accelerator=Accelerator("edgetpu", fallback=True))
    assert (engine.model.form, engine.interpreter.description.accelerator) == ("stream", "cpu")


def test_a_bundle_that_was_not_compiled_says_how(tiny_forms: Bundle):
    with pytest.raises(DelegateError, match=f"form edgetpu .*found window, stream; .*invoke edgetpu {tiny_forms.path}"):
        load_engine(tiny_forms, accelerator=Accelerator("edgetpu"))
    assert load_engine(tiny_forms, accelerator=Accelerator("edgetpu", fallback=True)).model.form == "stream"


def test_an_accelerator_without_a_name_or_options_without_one_are_refused():
    with pytest.raises(ConfigError, match="found nothing"):
        Accelerator("")
    with pytest.raises(ConfigError, match="leave out device"):
        Accelerator(options={"device": "usb"})
