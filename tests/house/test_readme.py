"""What the README and the documents say can be done."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from edge_asr.runtime.encode_wav import encode_wav

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(ROOT.glob("models/*/README.md")),
]


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "speech.wav").write_bytes(encode_wav(np.zeros(16000, np.float32), 16000))
    (tmp_path / "models").symlink_to(ROOT / "models")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert page.name != "README.md" or page.parent != ROOT or links
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_invoke_tasks_that_are_named_exist(page: Path):
    text = (ROOT / "tasks.py").read_text()
    tasks = set(re.findall(r"^def ([a-z]+)\(", text, re.MULTILINE))
    imports = re.findall(r"^from edge_asr\.tasks\.\w+ import (.+)", text, re.MULTILINE)
    tasks.update(name for line in imports for name in line.split(", "))
    named = set(re.findall(r"(?:invoke|\./bootstrap) ([a-z]+)\b", page.read_text()))
    assert named <= tasks
