"""Two workers on this machine, over the loopback, come to what one comes to on the same batches."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from edge_asr.training.run_folder import RunFolder
from edge_asr.training.team import Team
from tests.training.joint_runs import run_keywords, run_speech

pytestmark = pytest.mark.timeout(1800)  # two more processes, which import TensorFlow and build its graphs
RUNS = {"speech": run_speech, "keywords": run_keywords}
ROOT = Path(__file__).parents[2]


@contextmanager
def free_port():
    """A port that nobody else is given in the block; a server may listen at it, which Linux allows while this socket does not."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield str(kept.getsockname()[1])


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """The folder with what both workers left."""
    folder = tmp_path_factory.mktemp("together")
    with free_port() as one, free_port() as other, ThreadPoolExecutor(2) as pool:
        command = [sys.executable, "-m", "tests.training.joint_worker"]
        runs = [
            pool.submit(
                subprocess.run, [*command, str(index), one, other, str(folder)], cwd=ROOT, capture_output=True, timeout=1500
            )
            for index in range(2)
        ]
    for run in runs:
        assert run.result().returncode == 0, run.result().stderr.decode()[-4000:]
    return folder


@pytest.mark.parametrize("name", RUNS)
def test_two_workers_come_to_the_weights_of_one(together, tmp_path, name):
    alone = RUNS[name](tmp_path / "run", Team())
    expected = RunFolder(tmp_path / "run").model()
    found = RunFolder(together / f"{name}-0").model()
    for one, other in zip(expected.weights, found.weights):
        # Sums over a batch are added in another order (some 1e-7 of them), and each of ten steps makes more of that: 2e-5 of an
        # array's largest number here. Were the norms' statistics or the loss those of shares, it would be 0.1 and more.
        difference = np.abs(other.numpy() - one.numpy()).max() / np.abs(one.numpy()).max()
        assert difference < 1e-3, f"{one.path}: {difference}"
    for record, same in zip(alone, json.loads((together / f"{name}-0.json").read_text()), strict=True):
        assert same["loss"] == pytest.approx(record.loss, rel=1e-3)
        assert same["validation_loss"] == pytest.approx(record.validation_loss, rel=1e-3)


@pytest.mark.parametrize("name", RUNS)
def test_the_chief_alone_writes_and_all_know_its_records(together, name):
    assert not (together / f"{name}-1").exists()
    assert (together / f"{name}-1.json").read_text() == (together / f"{name}-0.json").read_text()
    assert json.loads((together / f"{name}-0" / "history.json").read_text()) == json.loads(
        (together / f"{name}-0.json").read_text()
    )
