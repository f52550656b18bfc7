"""Commands that fail, list or judge need not wait for TensorFlow."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "training.recipe",
        "training.pipeline",
        "training.judge",
        "training.console",
        "training.text",
        "zoo.spec",
        "export.edgetpu_text",
    ],
)
def test_starts_without_tensorflow_and_keras(module: str):
    code = f"import sys, edge_asr.{module}; sys.exit(bool({{'tensorflow', 'keras', 'matplotlib'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], timeout=240).returncode == 0
