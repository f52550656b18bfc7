"""What the tests of several rooms share."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_asr.bundle.manifest import DetectSpec
from edge_asr.bundle.store import Bundle, ManifestDraft, ModelPart, write_bundle
from edge_asr.frontend.presets import PRESETS
from edge_asr.runtime.interpreter import Interpreter

TINY_MODEL = Path(__file__).parent / "data" / "tiny.tflite"


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
