"""What tests of several commands share."""

from __future__ import annotations

import pytest

from tests.cli.command import ROOT
from tests.runtime.pulse import PulseServer, missing_package


@pytest.fixture
def pulse(tmp_path):
    pytest.importorskip("pyaudio", reason="PyAudio is not installed (pip install PyAudio; needs portaudio19-dev and gcc)")
    package = missing_package()
    if package:
        pytest.skip(f"the system package {package} is not installed")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with PulseServer(home) as server:
        server.environment["PYTHONPATH"] = str(ROOT)
        yield server
