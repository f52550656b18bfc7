"""The external delegate of the tests, compiled."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("recording_delegate.c")


def build_delegate(folder: Path) -> str:
    """Compile it into `folder`: the library's path. Skips where there is no compiler."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("the system package gcc is not installed")
    library = folder / "recording_delegate.so"
    subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    return str(library)
