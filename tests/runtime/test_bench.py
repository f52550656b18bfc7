from __future__ import annotations

import sys

import numpy as np
import pytest

from edge_asr.errors import AudioError, EdgeAsrError
from edge_asr.runtime import bench as bench_module
from edge_asr.runtime.bench import bench
from edge_asr.runtime.interpreter import Interpreter
from edge_asr.runtime.startup import measure_start
from tests.cli.command import EDGE_ASR, environment
from tests.runtime.tones import engine_of, tones


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only when the test says so: 1 s of CPU and 2 s of wall time for each frame of features, and so on."""

    class Clock:
        cpu = wall = 0.0

        def spend(self, cpu, wall):
            self.cpu, self.wall = self.cpu + cpu, self.wall + wall

    made = Clock()
    monkeypatch.setattr(bench_module, "process_time", lambda: made.cpu)
    monkeypatch.setattr(bench_module, "perf_counter", lambda: made.wall)
    return made


def spending(clock, method, cpu, wall):
    def call(*args, **kwargs):
        clock.spend(cpu, wall)
        return method(*args, **kwargs)

    return call


def test_costs_are_put_where_they_arise(tiny_bundle, clock, monkeypatch):
    engine = engine_of(tiny_bundle)
    parts = {(bench_module.FeatureStream, "accept"): 0.004, (bench_module.Detector, "step"): 0.001}
    for (cls, name), cpu in parts.items():
        monkeypatch.setattr(cls, name, spending(clock, getattr(cls, name), cpu, cpu))
    monkeypatch.setattr(Interpreter, "step", spending(clock, Interpreter.step, 0.002, 0.005))

    result = bench(engine, tones(20.0, []))
    assert (result.steps, result.step_ms, result.audio_seconds) == (200, 100.0, pytest.approx(20.0))
    stages = {stage.name: stage.cpu_seconds_per_hour for stage in result.stages}
    # One call a step of 100 ms, 36000 an hour; the sums of floats may be off in the last digits.
    assert stages == pytest.approx({"front end": 144.0, "model": 72.0, "decision": 36.0, "rest": 0.0}, abs=3)
    assert result.cpu_seconds_per_hour == pytest.approx(sum(stages.values()))
    assert result.step_time.p50 == pytest.approx(10.0)
    assert result.real_time_factor == pytest.approx(0.1, rel=0.01)  # 10 ms of wall time for 100 ms


def test_percentiles_are_of_single_steps(tiny_bundle, clock, monkeypatch):
    costs = iter(np.tile(np.arange(100), 3) / 1000)
    monkeypatch.setattr(
        bench_module.FeatureStream,
        "accept",
        lambda self, chunk, original=bench_module.FeatureStream.accept: (
            clock.spend(0, next(costs) if len(chunk) == 1600 else 0),
            original(self, chunk),
        )[1],
    )
    result = bench(engine_of(tiny_bundle), tones(10.0, []))
    times = result.step_time
    assert (times.p50, times.p95, times.p99) == pytest.approx(np.percentile(np.arange(100), (50, 95, 99)), abs=0.01)


def test_progress_is_told(tiny_bundle):
    told = []
    bench(engine_of(tiny_bundle), tones(10.0, []), progress=lambda *args: told.append(args))
    assert {what for what, _, _ in told} == {"the whole chain", "front end", "model", "decision"}
    assert all(0 <= done <= total == 100 for _, done, total in told)


def test_too_little_audio(tiny_bundle):
    with pytest.raises(AudioError, match=r"at least 10\.0 s of audio to measure, found 9\.9 s"):
        bench(engine_of(tiny_bundle), tones(9.9, []))


def test_the_command_stays_below_70_mb(tiny_bundle, monkeypatch):
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    command = [*EDGE_ASR, "listen", "--bundle", str(tiny_bundle.path), "--input", "-", "--json"]
    cost = measure_start(command, tones(20.0, [(1.0, "yes")]).tobytes(), starts=1)
    assert cost.seconds > 0
    if sys.platform == "linux":
        assert 20 < cost.resident_mb < 70  # numpy alone takes 25; 70 is what a board has for it


@pytest.mark.parametrize("code", ["raise SystemExit('no way')", "import sys; print(1, flush=True); sys.exit('no way')"])
def test_a_command_that_ends_at_once_is_an_error(code):
    with pytest.raises(EdgeAsrError, match="ended before it had listened: no way"):
        measure_start([sys.executable, "-c", code], bytes(1 << 20))
