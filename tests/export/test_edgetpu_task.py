"""`invoke edgetpu` as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from edge_asr.bundle.store import Bundle, read_bundle
from tests.export.graphs import Op, T, graph
from tests.export.stand_in import as_predicted, compiler

ROOT = Path(__file__).parents[2]


def edgetpu(*arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    """With programs of `path` found first."""
    environment = {**os.environ, "PATH": f"{path}:/usr/bin:/bin"}
    command = [sys.executable, "-m", "invoke", "edgetpu", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)


def test_a_bundle_is_looked_at_compiled_and_joined(tiny_forms: Bundle, tmp_path: Path) -> None:
    model = tiny_forms.models["window"]
    compiler(tmp_path, model, as_predicted(model))
    done = edgetpu(str(tiny_forms.path), "--json", str(tmp_path / "report.json"), path=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "operators map to the Edge TPU." in done.stdout
    assert "As predicted.\nCompiled: " in done.stdout
    assert "edgetpu" in read_bundle(tiny_forms.path).models
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["whole"]
    assert report["compiled"]["version"] == "16.0.384591198"
    assert report["compiled"]["differences"] == []


def test_what_does_not_map_without_a_compiler(tmp_path: Path) -> None:
    file = tmp_path / "swish.tflite"
    file.write_bytes(graph(Op("HARD_SWISH", [T((1, 8))], [T((1, 8))])))
    done = edgetpu(str(file), "--json", str(tmp_path / "report.json"), path=tmp_path)
    assert done.returncode == 1
    assert "CPU: the Edge TPU has no such operator" in done.stdout
    assert "edgetpu_compiler is not installed here: nothing is compiled." in done.stdout
    assert json.loads((tmp_path / "report.json").read_text())["compiled"] is None


def test_a_compiler_that_disagrees(tiny_forms: Bundle, tmp_path: Path) -> None:
    model = tiny_forms.models["window"]
    rows = [(name, count, "Operation not supported") for name, count, _ in as_predicted(model)]
    compiler(tmp_path, model, rows)
    done = edgetpu(str(tiny_forms.path), path=tmp_path)
    assert done.returncode == 1
    assert "The compiler did other than predicted:" in done.stdout
    assert read_bundle(tiny_forms.path) == tiny_forms  # nothing was mapped: nothing joins
