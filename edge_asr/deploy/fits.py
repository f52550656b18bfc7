"""Whether a bundle suits a target: what can be said before a board is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_asr.bundle.manifest import Form, ModelFile
from edge_asr.bundle.signature import verify_signature
from edge_asr.bundle.store import Bundle
from edge_asr.deploy.packages import release_packages
from edge_asr.deploy.target import Target
from edge_asr.errors import BundleError
from edge_asr.runtime.accelerator import CPU, EDGETPU
from edge_asr.runtime.board import RunSpec
from edge_asr.runtime.load import forms_for

RUNTIME_MB = 50
"""Resident memory of Python, numpy and the interpreter with a small model, in megabytes: 53 with `commands12` on x86_64."""

WITHOUT_32_BIT_WHEELS = frozenset({"numpy", "soxr", "webrtcvad-wheels", "cffi"})
"""Of what a release may need, the packages that have no wheel for 32-bit ARM."""


@dataclass(frozen=True)
class Misfit:
    """Why a bundle can't go to a target."""

    what: str
    """signature, form, packages, size or memory."""
    text: str
    """What was expected, what was found, and what to do."""


def fits(bundle: Bundle, target: Target, public_key: str = "") -> tuple[Misfit, ...]:
    """What keeps `bundle` from `target`, the gravest first; nothing where it fits.

    `public_key`: of the workstation, in base64, for targets that require a signature.
    """
    found = ((what, check(bundle, target, public_key)) for what, check in _CHECKS.items())
    return tuple(Misfit(what, text) for what, text in found if text)


def running_model(bundle: Bundle, target: Target) -> ModelFile | None:
    """The model of `bundle` that runs on `target`, in the form that the target names or its accelerator likes best."""
    models = {model.form: model for model in bundle.manifest.models}
    return next((models[form] for form in _forms(target.run) if form in models), None)


def _forms(run: RunSpec) -> tuple[Form, ...]:
    """The forms that `runtime.load` would try, in its order."""
    asked = (run.form,) if run.form else forms_for(run.accelerator)
    falls_back = run.accelerator.fallback and run.form in ("", "edgetpu")
    return (*asked, *forms_for(CPU)) if falls_back else asked


def _signature(bundle: Bundle, target: Target, public_key: str) -> str:
    if not target.require_signature:
        return ""
    if not public_key:
        return "expected a key to check its signature with, found none: invoke keys"
    try:
        verify_signature(bundle.path, public_key)
    except BundleError as err:
        return str(err)
    return ""


def _form(bundle: Bundle, target: Target, _: str) -> str:
    if running_model(bundle, target) is not None:
        return ""
    forms, there = " or ".join(_forms(target.run)), ", ".join(bundle.models)
    advice = f"invoke edgetpu {bundle.path}" if target.run.accelerator.delegate == EDGETPU else "quantize it with its other forms"
    return f"expected a model of the form {forms} to run on {target.run.accelerator.name}, found {there}: {advice}"


def _packages(bundle: Bundle, target: Target, _: str) -> str:
    if target.board.machine != "armv7l":
        return ""
    missing = [name for name in release_packages(bundle.manifest, target) if name in WITHOUT_32_BIT_WHEELS]
    if not missing:
        return ""
    return f"needs {', '.join(missing)}, which have no wheel for 32-bit ARM: name the system's (python3-...) in board.packages"


def _size(bundle: Bundle, target: Target, _: str) -> str:
    model, budget = running_model(bundle, target), target.budgets.bundle_kb
    if model is None or not budget:
        return ""
    size = (model.size + sum(asset.size for asset in bundle.manifest.assets)) / 1e3
    return f"expected at most {budget:g} kB that run (budgets.bundle_kb), found {size:.0f} kB" if size > budget else ""


def _memory(bundle: Bundle, target: Target, _: str) -> str:
    model, limit = running_model(bundle, target), target.service.memory_mb
    if model is None:
        return ""
    # Each file is read to be checked; the interpreter has its own copy of the one that runs.
    needed = RUNTIME_MB + (sum(file.size for file in bundle.manifest.files) + model.size) / 1e6
    return f"needs about {needed:.0f} MB, found a service of {limit} MB (service.memory_mb)" if needed > limit else ""


_CHECKS: dict[str, Callable[[Bundle, Target, str], str]] = {
    "signature": _signature,
    "form": _form,
    "packages": _packages,
    "size": _size,
    "memory": _memory,
}
