"""A loaded bundle: features to posteriors, and the streams that run on it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import DetectSpec, Manifest, TensorSpec
from edge_asr.bundle.quantization import dequantize, quantize
from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.errors import AudioError, BundleError
from edge_asr.frontend.kernel import compute
from edge_asr.runtime.interpreter import Interpreter, Kernels
from edge_asr.runtime.stream import Stream
from edge_asr.runtime.window import fit_window


def load_engine(bundle: Path | Bundle, *, threads: int = 1, kernels: Kernels = "default", delegate: str | None = None) -> Engine:
    """Load a bundle, verified, into an interpreter; see `Interpreter` for `threads`, `kernels` and `delegate`.

    Raises `BundleError` for a bundle that is damaged or whose model is not what its manifest says, `InterpreterError`
    when no interpreter is installed or it refuses the model, `DelegateError` for the delegate.
    """
    checked = bundle if isinstance(bundle, Bundle) else read_bundle(bundle)
    model = next(entry for entry in checked.manifest.models if entry.form == "window")
    interpreter = Interpreter(checked.models["window"], threads=threads, kernels=kernels, delegate=delegate)
    for name, said, found in (("input", model.input, interpreter.input), ("output", model.output, interpreter.output)):
        if _as_stored(said) != _as_stored(found):
            raise BundleError(
                f"{checked.path / model.file}: the manifest says {name} {said}, the file has {found}: export it again"
            )
    return Engine(checked.manifest, interpreter)


class Engine:
    """A bundle's model, ready to run. One engine serves many streams, from any threads."""

    def __init__(self, manifest: Manifest, interpreter: Interpreter) -> None:
        """Join what `load_engine` has checked."""
        self.manifest = manifest
        self.interpreter = interpreter

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the posteriors."""
        return self.manifest.labels

    @property
    def window_frames(self) -> int:
        """Frames that the model sees at once."""
        return self.interpreter.input.shape[1]

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

        Raises `ConfigError` when `detect.thresholds` names a label that the bundle does not have.
        """
        return Stream(self, self.manifest.detect if detect is None else detect)

    def classify(self, samples: NDArray[Any]) -> NDArray[np.float32]:
        """Posteriors, float32 (labels,), of a clip of any length, fitted by `fit_window` as in training.

        `samples`: (n,) int16, or float32 / float64 in [-1, 1), at the front end's rate. Raises `AudioError`.
        """
        return self.posteriors(compute(fit_window(samples, self.clip_samples), self.manifest.frontend))

    def posteriors(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Posteriors, float32 (labels,), of one window of features, float32 (frames, features).

        Raises `AudioError` when the shape is not the model's window.
        """
        shape = self.interpreter.input.shape[1:3]
        if features.shape != shape:
            raise AudioError(f"expected one window of features of shape {shape}, found {features.shape}")
        return self.posteriors_of_stored(quantize(features, self.interpreter.input))

    def posteriors_of_stored(self, features: NDArray[np.int8]) -> NDArray[np.float32]:
        """Posteriors, float32 (labels,), of one window of features already quantised, int8 (frames, features)."""
        stored = self.interpreter.invoke(features.reshape(self.interpreter.input.shape))
        return _softmax(dequantize(stored[0], self.interpreter.output))


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    # In float64, as the front end counts: the float32 exponential differs between processors.
    odds = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(odds / np.add.reduce(odds), np.float32)


def _as_stored(spec: TensorSpec) -> TensorSpec:
    """With the scale in float32, which is what a `.tflite` file holds."""
    return dataclasses.replace(spec, scale=float(np.float32(spec.scale)))
