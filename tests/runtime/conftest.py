"""What the tests of several parts of the runtime share."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_asr.bundle.store import Bundle, ManifestDraft, ModelPart, write_bundle
from tests.conftest import TINY_FIELD


@pytest.fixture
def tiny_compiled(tiny_forms: Bundle, tmp_path: Path) -> Bundle:
    """The bundle `tiny_forms` with an `edgetpu` form beside them, which is the window form again, not compiled."""
    made = tiny_forms.manifest
    window, stream = made.models
    parts = {
        "window": ModelPart(tiny_forms.models["window"], window.input, window.output),
        "stream": ModelPart(tiny_forms.models["stream"], stream.input, stream.output, stream.states, TINY_FIELD),
    }
    draft = ManifestDraft("compiled", made.labels, made.frontend, made.detect)
    return write_bundle(tmp_path / "compiled", draft, {**parts, "edgetpu": parts["window"]})
