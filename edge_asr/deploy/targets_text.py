"""Targets as text: all of them beside bundles, and one in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge_asr.bundle.store import Bundle
from edge_asr.deploy.fits import fits, running_model
from edge_asr.deploy.target import Target


def targets_text(targets: Sequence[Target], bundles: Sequence[Bundle], public_key: str = "") -> str:
    """A line for each target, and below it what the bundles do there: which fit, and the first thing that keeps one away.

    `public_key`: of the workstation, in base64, for targets that require a signature.
    """
    return "\n".join(line for target in targets for line in _summary(target, bundles, public_key))


def target_text(target: Target, bundle: Bundle | None = None, public_key: str = "") -> str:
    """Everything that `target` says, and whether `bundle` fits."""
    rows = [f"{name:<10} {text}" for name, text in _rows(target)]
    if bundle is None:
        return "\n".join(rows)
    misfits, model = fits(bundle, target, public_key), running_model(bundle, target)
    if misfits or model is None:
        return "\n".join([*rows, *(f"{bundle.manifest.name}: {misfit.what}: {misfit.text}" for misfit in misfits)])
    return "\n".join([*rows, f"{bundle.manifest.name}: fits, and runs {model.file} ({model.form})"])


def _summary(target: Target, bundles: Sequence[Bundle], public_key: str) -> Iterator[str]:
    board = target.board
    runs = f"{board.interpreter} on {_runs_on(target)}"
    yield f"{target.name:<15} {board.machine:<7} Python {board.python:<4} {runs:<27} {target.description}"
    found = {bundle.manifest.name: fits(bundle, target, public_key)[:1] for bundle in bundles}
    if fitting := [name for name, misfit in found.items() if not misfit]:
        yield f"    fits: {', '.join(fitting)}"
    for name, misfit in found.items():
        yield from (f"    {name}: {first.text}" for first in misfit)


def _rows(target: Target) -> Iterator[tuple[str, str]]:
    board, run, audio, service, budgets = target.board, target.run, target.audio, target.service, target.budgets
    options = "".join(f", {key} {value}" for key, value in run.accelerator.options.items())
    rate = f"{audio.rate} Hz" if audio.rate else "the bundle's rate"
    limits = (f"{budgets.cpu_percent:g} % of a core", f"p95 {budgets.step_p95_ms:g} ms", f"{budgets.resident_mb:g} MB")
    yield "target", f"{target.name}: {target.description}"
    yield "board", f"{board.machine}, Python {board.python}, glibc {board.glibc}, {board.interpreter}"
    yield "packages", " ".join(board.packages) or "none"
    yield "runs", f"{run.form or 'the best form'} on {_runs_on(target)}{options}, {run.threads} threads, {run.kernels} kernels"
    yield "audio", f"{audio.device or 'the system microphone'}, {rate}, {audio.chunk_ms:g} ms at once"
    yield "service", f"{service.name}, {_user(target)}, at most {service.memory_mb} MB and {service.cpu_percent} % of a core"
    yield "budgets", f"{', '.join(limits)}, bundle {budgets.bundle_kb:g} kB (0: anything)"
    yield "signature", "required" if target.require_signature else "not required"
    yield "releases", f"the last {target.keep}, in {target.folder}"


def _runs_on(target: Target) -> str:
    accelerator = target.run.accelerator
    return accelerator.name + (" (or the CPU)" if accelerator.fallback else "")


def _user(target: Target) -> str:
    user = target.service.user or "a user of its own"
    network = "with network" if target.service.network else "no network"
    return f"{user} in {', '.join(target.service.groups) or 'no group'}, {network}"
