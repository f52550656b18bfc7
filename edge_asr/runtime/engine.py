"""A loaded bundle: features to posteriors, and the streams that run on it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import DetectSpec, Form, Manifest, ModelFile, TensorSpec
from edge_asr.bundle.quantization import quantize
from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.errors import AudioError, BundleError
from edge_asr.frontend.kernel import compute
from edge_asr.runtime.forms import RunnableForm, StreamForm, Track, WindowForm
from edge_asr.runtime.interpreter import Interpreter, Kernels
from edge_asr.runtime.listener import Listener
from edge_asr.runtime.stream import Stream
from edge_asr.runtime.window import fit_window

RUNNABLE_FORMS: tuple[Form, ...] = ("stream", "window")
"""What runs here, the cheaper first. The `resource` form is for microcontrollers."""


def load_engine(
    bundle: Path | Bundle,
    *,
    form: Form | None = None,
    threads: int = 1,
    kernels: Kernels = "default",
    delegate: str | None = None,
) -> Engine:
    """Load a bundle, verified, into an interpreter; see `Interpreter` for `threads`, `kernels` and `delegate`.

    `form`: `stream` or `window`; None takes the first of these that the bundle has.
    Raises `BundleError` for a bundle that is damaged, has no such form, or whose model is not what its manifest says,
    `InterpreterError` when no interpreter is installed or it refuses the model, `DelegateError` for the delegate.
    """
    checked = bundle if isinstance(bundle, Bundle) else read_bundle(bundle)
    model = _choose(checked, RUNNABLE_FORMS if form is None else (form,))
    interpreter = Interpreter(checked.models[model.form], threads=threads, kernels=kernels, delegate=delegate)
    _check_tensors(model, interpreter, checked.path)
    return Engine(checked.manifest, model, interpreter)


class Engine:
    """A bundle's model, ready to run. One engine serves many streams, from any threads."""

    def __init__(self, manifest: Manifest, model: ModelFile, interpreter: Interpreter) -> None:
        """Join what `load_engine` has checked."""
        self.manifest = manifest
        self.model = model
        """The form that runs."""
        self.interpreter = interpreter
        spec = manifest.frontend
        silence = quantize(compute(np.zeros(spec.window_samples, np.int16), spec), model.input)[0]
        self._form: RunnableForm
        if model.form == "stream":
            self._form = StreamForm(interpreter, silence, model.field_frames)
        else:
            self._form = WindowForm(interpreter, silence)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the posteriors."""
        return self.manifest.labels

    @property
    def window_frames(self) -> int:
        """Frames that decide a posterior."""
        return self.model.window_frames

    @property
    def window_samples(self) -> int:
        """Samples that make a window's frames."""
        return self.manifest.frontend.samples_for(self.window_frames)

    @property
    def clip_samples(self) -> int:
        """Samples of the clips that `classify` fits sounds to: those that the model was trained on."""
        return self.manifest.clip_samples or self.window_samples

    def stream(self, detect: DetectSpec | None = None) -> Stream:
        """A new audio stream, deciding as `detect` says (None: as the bundle does).

        Raises `ConfigError` when `detect` names a label that the bundle does not have, or has another step than its stream
        form.
        """
        return Stream([Listener(self, self.manifest.detect if detect is None else detect)])

    def track(self, step_frames: int) -> Track:
        """What the model keeps of a new stream, for those who make its features themselves; see `RunnableForm.track`."""
        return self._form.track(step_frames)

    def classify(self, samples: NDArray[Any]) -> NDArray[np.float32]:
        """Posteriors, float32 (labels,), of a clip of any length, fitted by `fit_window` as in training.

        `samples`: (n,) int16, or float32 / float64 in [-1, 1), at the front end's rate. Raises `AudioError`.
        """
        return self.posteriors(compute(fit_window(samples, self.clip_samples), self.manifest.frontend))

    def posteriors(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Posteriors, float32 (labels,), of one window of features, float32 (frames, features).

        Raises `AudioError` when the shape is not the model's window.
        """
        shape = (self.window_frames, self.manifest.frontend.features)
        if features.shape != shape:
            raise AudioError(f"expected one window of features of shape {shape}, found {features.shape}")
        return self._form.classify(quantize(features, self.model.input))


def _choose(bundle: Bundle, forms: tuple[Form, ...]) -> ModelFile:
    models = {model.form: model for model in bundle.manifest.models if model.form in RUNNABLE_FORMS}
    for form in forms:
        if form in models:
            return models[form]
    there = ", ".join(bundle.models)
    raise BundleError(f"{bundle.path}: expected a model of the form {' or '.join(forms)} to run, found {there}")


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
