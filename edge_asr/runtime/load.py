"""From a bundle to an interpreter with the model that is to run, checked against what the manifest says of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import Form, Kind, Manifest, ModelFile, TensorSpec
from edge_asr.bundle.quantization import quantize
from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.errors import BundleError, DelegateError
from edge_asr.frontend.kernel import compute
from edge_asr.runtime.accelerator import CPU, EDGETPU, GPU, NONE, Accelerator
from edge_asr.runtime.interpreter import Interpreter, Kernels

_FORMS: dict[str, tuple[Form, ...]] = {GPU: ("window",), EDGETPU: ("edgetpu",)}
RUNNABLE_FORMS: tuple[Form, ...] = ("stream", "window")
"""What the CPU runs, the cheaper first. The `resource` form is for microcontrollers."""

_OTHER_USE = {
    "keywords": "edge-asr listen detects its words",
    "speech": "edge-asr transcribe recognises with it, and edge-asr listen --then BUNDLE after a wake word",
}


@dataclass(frozen=True)
class LoadedModel:
    """One form of a bundle's model, ready to run."""

    bundle: Bundle
    model: ModelFile
    """The form that runs."""
    interpreter: Interpreter

    @property
    def manifest(self) -> Manifest:
        """The bundle's."""
        return self.bundle.manifest

    def silence(self) -> NDArray[np.int8]:
        """A frame of digital silence as the model takes it, int8 (features,)."""
        spec = self.manifest.frontend
        frame: NDArray[np.int8] = quantize(compute(np.zeros(spec.window_samples, np.int16), spec), self.model.input)[0]
        return frame


def forms_for(accelerator: Accelerator) -> tuple[Form, ...]:
    """What an accelerator takes where no form is asked for, the cheaper first; an external delegate the same as the CPU."""
    return _FORMS.get(accelerator.delegate, RUNNABLE_FORMS)


def load_model(
    bundle: Path | Bundle, kind: Kind, *, form: Form | None, threads: int, kernels: Kernels, accelerator: Accelerator
) -> LoadedModel:
    """Load a bundle of that kind, verified, into an interpreter; see `Interpreter` for `threads`, `kernels` and `accelerator`.

    `form`: the one to run; None takes the first of `forms_for(accelerator)` that the bundle has. With `accelerator.fallback`,
    what can't run there runs on the CPU, in the form that the CPU would take; the interpreter's description says why.
    Raises `BundleError` for a bundle that is damaged, of another kind, has no such form, or whose model is not what its
    manifest says, `InterpreterError` when no interpreter is installed or it refuses the model, `DelegateError` for the delegate.
    """
    checked = bundle if isinstance(bundle, Bundle) else read_bundle(bundle)
    found = checked.manifest.kind
    if found != kind:
        raise BundleError(f"{checked.path}: expected a bundle of kind {kind!r}, found one of kind {found!r}: {_OTHER_USE[found]}")
    try:
        return _load(checked, form, accelerator, threads=threads, kernels=kernels)
    except DelegateError as err:
        if not accelerator.fallback:
            raise
        own = None if form in _FORMS[EDGETPU] else form  # which the CPU can't run
        return _load(checked, own, CPU, threads=threads, kernels=kernels, fallback=str(err))


def _load(
    bundle: Bundle, form: Form | None, accelerator: Accelerator, *, threads: int, kernels: Kernels, fallback: str = ""
) -> LoadedModel:
    model = _choose(bundle, form, accelerator)
    content = bundle.models[model.form]
    interpreter = Interpreter(content, threads=threads, kernels=kernels, accelerator=accelerator, fallback=fallback)
    _check_tensors(model, interpreter, bundle.path)
    return LoadedModel(bundle, model, interpreter)


def _choose(bundle: Bundle, form: Form | None, accelerator: Accelerator) -> ModelFile:
    wanted = forms_for(accelerator) if form is None else (form,)
    models = {model.form: model for model in bundle.manifest.models if model.form != "resource"}
    for one in wanted:
        if one in models:
            return models[one]
    there = ", ".join(bundle.models)
    text = f"{bundle.path}: expected a model of the form {' or '.join(wanted)} to run on {accelerator.name}, found {there}"
    if accelerator.delegate == EDGETPU:
        raise DelegateError(f"{text}; compile it on a workstation: invoke edgetpu {bundle.path}")
    raise BundleError(text) if accelerator.delegate == NONE else DelegateError(text)


def _check_tensors(model: ModelFile, interpreter: Interpreter, folder: Path) -> None:
    sides = (("input", model.input, interpreter.inputs), ("output", model.output, interpreter.outputs))
    for side, first, found in sides:
        said = (first, *model.states)
        if len(found) != len(said):
            raise BundleError(
                f"{folder / model.file}: the manifest says {len(said)} {side}s, the file has {len(found)}: export it again"
            )
        for number, pair in enumerate(zip(said, found)):
            if _as_stored(pair[0]) != _as_stored(pair[1]):
                raise BundleError(
                    f"{folder / model.file}: the manifest says {side} {number} is {pair[0]}, the file has {pair[1]}: "
                    "export it again"
                )


def _as_stored(spec: TensorSpec) -> TensorSpec:
    """With the scale in float32, which is what a `.tflite` file holds."""
    return dataclasses.replace(spec, scale=float(np.float32(spec.scale)))
