"""A profile: what a bundle costs on a board, in every form and with every accelerator that are there, by `edge-asr bench`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, Protocol

from edge_asr.bundle.store import Bundle
from edge_asr.config import to_table
from edge_asr.deploy.target import Target
from edge_asr.errors import DeployError
from edge_asr.progress import Progress, no_progress
from edge_asr.runtime.accelerator import CPU, NONE
from edge_asr.runtime.board import RunSpec
from edge_asr.runtime.load import forms_for
from edge_asr.runtime.run_arguments import run_arguments

BENCH_LIMIT_S = 280.0
"""For one form: a minute of audio, three starts, and loading."""


class Machine(Protocol):
    """A board that answers requests, as `connection.Board` does; `probe` and `run` are made use of."""

    def call(self, request: str, **values: Any) -> dict[str, Any]:
        """The answer to `request`. Raises `DeployError`."""
        ...


@dataclass(frozen=True)
class Measurement:
    """One form on one accelerator. All costs are 0 where it failed."""

    form: str
    asked: str
    """The accelerator that was asked for: `cpu`, `gpu`, `edgetpu` or a delegate's path."""
    ran: str = ""
    """What the model ran on."""
    interpreter: str = ""
    """Package and version."""
    threads: int = 1
    kernels: str = "default"
    cpu_percent: float = 0.0
    """Of one core, while listening."""
    step_p50_ms: float = 0.0
    step_p95_ms: float = 0.0
    """Wall milliseconds of a step, 50th and 95th percentile."""
    start_s: float = 0.0
    """Seconds from launch until it listens."""
    resident_mb: float = 0.0
    """Megabytes (1e6 bytes); 0 where the system does not tell."""
    failed: str = ""
    """Why there is nothing else."""

    @property
    def key(self) -> tuple[str, str, int, str]:
        """Measurements with the same key can be compared, if they are of one bundle."""
        return self.form, self.asked, self.threads, self.kernels


@dataclass(frozen=True)
class Profile:
    """What was measured in one go."""

    date: str
    """UTC, ISO 8601."""
    bundle: str
    edge_asr: str
    """Version on the board."""
    machine: str
    python: str
    glibc: str
    release: str
    """Id of the release that was measured; empty without one."""
    measurements: tuple[Measurement, ...]


def profile_machine(
    machine: Machine, target: Target, bundle_path: str, *, expected: Bundle | None = None, progress: Progress = no_progress
) -> Profile:
    """Measure the bundle at `bundle_path` on `machine` as `target` would run it, in each form, on its accelerator and the CPU.

    `expected`: the bundle that should be there. An accelerator that fails does not end it: the measurement says why.
    Raises `DeployError` when another bundle is there, or the machine's edge-asr is missing or answers what can't be understood.
    """
    about, manifest = machine.call("probe"), _manifest(machine, bundle_path)
    if expected is not None and _hashes(manifest) != _hashes(to_table(expected.manifest)):
        raise DeployError(f"expected {expected.path} to be deployed there, found another {manifest['name']!r}: invoke deploy")
    wanted = list(_wanted(target.run, [model["form"] for model in manifest["models"]]))
    measurements = []
    for number, run in enumerate(wanted):
        progress(f"{run.form} on {run.accelerator.name}", number, len(wanted))
        measurements.append(_measure(machine, bundle_path, run))
    progress("measured", len(wanted), len(wanted))
    return Profile(
        date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        bundle=manifest["name"],
        edge_asr=_output(machine, ["--version"]).split()[-1],
        machine=about["machine"],
        python=about["python"],
        glibc=about["glibc"],
        release=about["current"],
        measurements=tuple(measurements),
    )


def _wanted(run: RunSpec, forms: Sequence[str]) -> Iterator[RunSpec]:
    asked = (CPU,) if run.accelerator.delegate == NONE else (replace(run.accelerator, fallback=False), CPU)
    for accelerator in asked:
        for form in forms_for(accelerator):
            if form in forms:
                yield RunSpec(form, run.threads, run.kernels, accelerator)  # type: ignore[arg-type]


def _measure(machine: Machine, bundle_path: str, run: RunSpec) -> Measurement:
    command = ["bench", f"--bundle={bundle_path}", "--json", *run_arguments(run)]
    answer = machine.call("run", arguments=command, limit_s=BENCH_LIMIT_S)
    empty = Measurement(run.form, run.accelerator.name, threads=run.threads, kernels=run.kernels)
    if answer["code"]:
        said = answer["err"].strip().splitlines() or [f"exit code {answer['code']}"]
        return replace(empty, failed=said[-1][:300])
    try:
        table = json.loads(answer["out"])
        (result,), start = table["forms"], table["start"]
        about = result["interpreter"]
        return replace(
            empty,
            ran=str(about["accelerator"]),
            interpreter=f"{about['package']} {about['version']}",
            cpu_percent=float(result["cpu_seconds_per_hour"]) / 36,
            step_p50_ms=float(result["step_time"]["p50"]),
            step_p95_ms=float(result["step_time"]["p95"]),
            start_s=float(start["seconds"]),
            resident_mb=float(start.get("resident_mb") or 0.0),
        )
    except (ValueError, KeyError, TypeError) as err:
        raise DeployError(f"expected the answer of edge-asr bench --json, found {answer['out'][:80]!r}: deploy again") from err


def _manifest(machine: Machine, bundle_path: str) -> dict[str, Any]:
    text = _output(machine, ["info", bundle_path, "--json"])
    try:
        manifest: dict[str, Any] = json.loads(text)
        _hashes(manifest)
        return manifest
    except (ValueError, KeyError, TypeError) as err:
        raise DeployError(f"expected the answer of edge-asr info --json, found {text[:80]!r}: deploy again") from err


def _hashes(manifest: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(entry["file"], entry["sha256"]) for entry in [*manifest["models"], *manifest.get("assets", [])]}


def _output(machine: Machine, arguments: Sequence[str]) -> str:
    answer = machine.call("run", arguments=list(arguments))
    if answer["code"]:
        raise DeployError(f"edge-asr {' '.join(arguments)}: expected an answer, found: {answer['err'].strip()[-300:]}")
    return str(answer["out"])
