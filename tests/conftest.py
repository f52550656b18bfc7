"""What the tests of several rooms share."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from edge_asr.bundle.manifest import DetectSpec, Form
from edge_asr.bundle.speech import SpeechDecodeSpec
from edge_asr.bundle.store import Bundle, ManifestDraft, ModelPart, write_bundle
from edge_asr.frontend.presets import PRESETS
from edge_asr.runtime.interpreter import Interpreter

DATA = Path(__file__).parent / "data"
TINY_MODEL = DATA / "tiny.tflite"
TINY_FIELD = 49
"""Frames that decide an output of the tiny models."""
TINY_SPEECH_FIELD = 17
"""And of the tiny CTC models."""
FIELDS: dict[Form, int] = {"window": 0, "stream": TINY_FIELD}

# The same examples every time, and however long they take: neither luck nor a busy machine decides.
settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c() -> None:
    """As at a terminal, also where the tests run in the background: a shell lets programs ignore SIGINT there."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def part_of(file: str, field: int) -> ModelPart:
    """The part of a bundle that a model in `data` makes."""
    content = (DATA / file).read_bytes()
    model = Interpreter(content)
    return ModelPart(content, model.input, model.output, model.inputs[1:], field)


@pytest.fixture
def tiny_bundle(tmp_path: Path) -> Bundle:
    """A bundle in `tmp_path` that detects tones (see data/make_tiny_model.py): 1 kHz is "yes", 3 kHz is "no"."""
    draft = ManifestDraft(
        name="tiny",
        labels=("_silence_", "_unknown_", "yes", "no"),
        frontend=PRESETS["logmel40"],
        detect=DetectSpec(step_ms=100, smoothing_ms=300, threshold=0.8, release=0.5, refractory_ms=700),
    )
    return write_bundle(tmp_path / "tiny", draft, {"window": part_of("tiny.tflite", 0)})


@pytest.fixture
def tiny_forms(tmp_path: Path) -> Bundle:
    """A bundle in `tmp_path` with both forms of such a detector (see data/make_tiny_forms.py), stepping by 80 ms."""
    parts = {form: part_of(f"tiny_{form}.tflite", field) for form, field in FIELDS.items()}
    draft = ManifestDraft(
        name="forms",
        labels=("_silence_", "_unknown_", "yes", "no"),
        frontend=PRESETS["logmel40"],
        detect=DetectSpec(step_ms=80, smoothing_ms=300, threshold=0.8, release=0.5, refractory_ms=700),
    )
    return write_bundle(tmp_path / "forms", draft, parts)


@pytest.fixture
def tiny_speech(tmp_path: Path) -> Bundle:
    """A speech bundle in `tmp_path`, both forms (see data/make_tiny_speech.py): tokens _blank_, yes (1 kHz) and no (3 kHz)."""
    draft = ManifestDraft(
        name="tiny-speech",
        labels=("_blank_", "yes", "no"),
        frontend=PRESETS["logmel40"],
        kind="speech",
        speech=SpeechDecodeSpec("words", step_ms=80, stride_frames=2),
    )
    parts = {form: part_of(f"tiny_speech_{form}.tflite", TINY_SPEECH_FIELD) for form in FIELDS}
    return write_bundle(tmp_path / "speech", draft, parts)
