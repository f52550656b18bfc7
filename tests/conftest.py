"""What the tests of several rooms share."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_asr.bundle.manifest import DetectSpec, Form
from edge_asr.bundle.store import Bundle, ManifestDraft, ModelPart, write_bundle
from edge_asr.frontend.presets import PRESETS
from edge_asr.runtime.interpreter import Interpreter

DATA = Path(__file__).parent / "data"
TINY_MODEL = DATA / "tiny.tflite"
TINY_FIELD = 49
"""Frames that decide an output of the tiny models."""


@pytest.fixture
def tiny_bundle(tmp_path: Path) -> Bundle:
    """A bundle in `tmp_path` that detects tones (see data/make_tiny_model.py): 1 kHz is "yes", 3 kHz is "no"."""
    model = TINY_MODEL.read_bytes()
    interpreter = Interpreter(model)
    draft = ManifestDraft(
        name="tiny",
        labels=("_silence_", "_unknown_", "yes", "no"),
        frontend=PRESETS["logmel40"],
        detect=DetectSpec(step_ms=100, smoothing_ms=300, threshold=0.8, release=0.5, refractory_ms=700),
    )
    return write_bundle(tmp_path / "tiny", draft, {"window": ModelPart(model, interpreter.input, interpreter.output)})


@pytest.fixture
def tiny_forms(tmp_path: Path) -> Bundle:
    """A bundle in `tmp_path` with both forms of such a detector (see data/make_tiny_forms.py), stepping by 80 ms."""
    parts: dict[Form, ModelPart] = {}
    for form, field in (("window", 0), ("stream", TINY_FIELD)):
        content = (DATA / f"tiny_{form}.tflite").read_bytes()
        model = Interpreter(content)
        parts[form] = ModelPart(content, model.input, model.output, model.inputs[1:], field)
    draft = ManifestDraft(
        name="forms",
        labels=("_silence_", "_unknown_", "yes", "no"),
        frontend=PRESETS["logmel40"],
        detect=DetectSpec(step_ms=80, smoothing_ms=300, threshold=0.8, release=0.5, refractory_ms=700),
    )
    return write_bundle(tmp_path / "forms", draft, parts)
