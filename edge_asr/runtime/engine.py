"""A loaded bundle: features to posteriors, and the streams that run on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_asr.bundle.manifest import DetectSpec, Form
from edge_asr.bundle.quantization import quantize
from edge_asr.bundle.store import Bundle
from edge_asr.errors import AudioError
from edge_asr.frontend.kernel import compute
from edge_asr.runtime.accelerator import CPU, Accelerator
from edge_asr.runtime.forms import RunnableForm, Softmax, StreamForm, Track, WindowForm
from edge_asr.runtime.interpreter import Kernels
from edge_asr.runtime.listener import Listener
from edge_asr.runtime.load import LoadedModel, load_model
from edge_asr.runtime.stream import Stream
from edge_asr.runtime.window import fit_window


def load_engine(
    bundle: Path | Bundle,
    *,
    form: Form | None = None,
    threads: int = 1,
    kernels: Kernels = "default",
    accelerator: Accelerator = CPU,
) -> Engine:
    """Load a bundle of keywords; the arguments, and what is raised, are those of `load_model`."""
    return Engine(load_model(bundle, "keywords", form=form, threads=threads, kernels=kernels, accelerator=accelerator))


class Engine:
    """A bundle's model, ready to run. One engine serves many streams, from any threads."""

    def __init__(self, loaded: LoadedModel) -> None:
        """For a bundle of keywords."""
        self.manifest = loaded.manifest
        self.model = loaded.model
        """The form that runs."""
        self.interpreter = loaded.interpreter
        read = Softmax(self.interpreter.output)
        self._form: RunnableForm
        if self.model.form == "stream":
            self._form = StreamForm(self.interpreter, loaded.silence(), self.model.field_frames, read)
        else:
            self._form = WindowForm(self.interpreter, loaded.silence(), read)

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
