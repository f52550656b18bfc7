"""The manifest of a bundle: everything that a runtime needs to know before it opens a model file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from edge_asr.bundle.speech import Asset, SpeechDecodeSpec, check_speech
from edge_asr.config import setting
from edge_asr.errors import ConfigError
from edge_asr.frontend.spec import FrontendSpec

SCHEMA = 1
"""Version of the manifest's format. A reader refuses a newer one."""

SILENCE, UNKNOWN = "_silence_", "_unknown_"
BACKGROUND = (SILENCE, UNKNOWN)
"""Labels that are never reported as a detection."""

MOST_FIELD_FRAMES = 20_000
"""Minutes of sound. A stream form runs through its field once when it is loaded."""

ConvertedForm: TypeAlias = Literal["window", "stream", "resource"]
"""What a network can be converted to; see `Form`."""

Form: TypeAlias = Literal[ConvertedForm, "edgetpu"]
"""How a model file takes its frames; all forms of a bundle give the same outputs.

`window`: a whole window at once, input (1, frames, features, 1). `stream`: the new frames of a step, input
(1, step_frames, features, 1), and its states as further inputs and outputs. `resource`: the same with the states inside, as
resource variables. `edgetpu`: the window form beside it as the Edge TPU's compiler made it, which runs with that delegate only
(and there the last bits are the accelerator's own). The output of keywords is (1, labels) in each. That of speech is
(1, output frames, tokens), one output frame every `stride_frames`: `step_frames / stride_frames` of them, and in a window
`(frames - field_frames) / stride_frames + 1`."""

Kind: TypeAlias = Literal["keywords", "speech"]
"""`keywords`: a label for every step. `speech`: tokens of a CTC model, from which words are decoded."""


@dataclass(frozen=True)
class TensorSpec:
    """One model tensor: value = scale * (stored - zero_point)."""

    shape: tuple[int, ...] = setting(min=1)
    dtype: Literal["int8"] = "int8"
    scale: float = setting(1.0, min=1e-12, max=1e12)
    zero_point: int = setting(0, min=-128, max=127)


@dataclass(frozen=True)
class ModelFile:
    """One `.tflite` file of a bundle."""

    form: Form
    file: str
    sha256: str
    size: int = setting(min=1)
    """Bytes."""
    input: TensorSpec = setting()
    output: TensorSpec = setting()
    states: tuple[TensorSpec, ...] = ()
    """Of the `stream` form: its other inputs, and its other outputs, which take their places at the next step."""
    field_frames: int = setting(0, min=0, max=MOST_FIELD_FRAMES)
    """So many of the newest frames decide an output; older ones do not count. 0 for a window of keywords, which all count."""

    @property
    def takes_windows(self) -> bool:
        """Whether it is given a whole window at each step, not the new frames alone."""
        return self.form in ("window", "edgetpu")

    @property
    def window_frames(self) -> int:
        """Frames that decide an output."""
        return self.field_frames or self.input.shape[1]


@dataclass(frozen=True)
class DetectSpec:
    """How posteriors become detections, in a bundle of keywords."""

    step_ms: float = setting(100.0, min=1.0, max=5000.0)
    """Time between two runs of the model; rounded to whole frames, at least one."""
    smoothing_ms: float = setting(300.0, min=0.0, max=10000.0)
    """Posteriors are averaged over this long."""
    threshold: float = setting(0.8, min=0.0, max=1.0)
    """A detection starts when a label's smoothed posterior reaches this."""
    thresholds: dict[str, float] = setting({}, min=0.0, max=1.0)
    """Thresholds of single labels, instead of `threshold`."""
    release: float = setting(0.5, min=0.0, max=1.0)
    """Hysteresis: after a detection the label must fall below `release * threshold` before it can be detected again."""
    refractory_ms: float = setting(700.0, min=0.0, max=60000.0)
    """No other detection (of any label) starts for this long after one."""


@dataclass(frozen=True)
class Manifest:
    """`manifest.json`. Labels are in the order of the model's outputs, which are logits."""

    schema: int = setting(min=1)
    name: str = setting()
    kind: Kind = setting()
    labels: tuple[str, ...] = setting()
    frontend: FrontendSpec = setting()
    models: tuple[ModelFile, ...] = setting()
    detect: DetectSpec = field(default_factory=DetectSpec)
    clip_samples: int = setting(0, min=0)
    """Samples of the clips that it was trained on, of which the model's frames are the first; 0: just those frames'."""
    speech: SpeechDecodeSpec | None = None
    """Of a bundle of speech: how it decodes."""
    assets: tuple[Asset, ...] = ()
    """Of a bundle of speech: its language model and grammar, if it has them; at most one of a role."""
    created: str = ""
    """UTC time, ISO 8601."""
    made_by: str = ""
    """`edge-asr <version>`."""
    provenance: dict[str, Any] = setting({})
    """Recipe, seed, data, versions, accuracy: what a person wants to know; the runtime does not read it."""

    @property
    def files(self) -> tuple[ModelFile | Asset, ...]:
        """All files beside the manifest."""
        return (*self.models, *self.assets)

    def __post_init__(self) -> None:
        """Check what ties the fields together. Raises `ConfigError`."""
        if len(self.labels) < 2 or len(set(self.labels)) != len(self.labels) or not all(self.labels):
            raise ConfigError(f"labels must be at least two different names, found {list(self.labels)}")
        unknown = sorted(set(self.detect.thresholds) - set(self.labels))
        if unknown:
            raise ConfigError(f"detect.thresholds names labels that the bundle does not have: {', '.join(unknown)}")
        if not self.models:
            raise ConfigError("models must name at least one file, found none")
        for model in self.models:
            self._check_input(model)
        if self.kind == "speech":
            check_speech(self)
        else:
            self._check_keywords()
        windows = {model.window_frames for model in self.models}
        if len(windows) != 1:
            raise ConfigError(f"models: all forms must see equally many frames, found {sorted(windows)}")
        self._check_compiled()

    def _check_keywords(self) -> None:
        if self.speech is not None or self.assets:
            raise ConfigError("speech and assets are for bundles of kind 'speech', found them in one of keywords")
        for model in self.models:
            self._check_output(model)
            self._check_frames(model)

    def _check_input(self, model: ModelFile) -> None:
        frames = model.input.shape[1] if len(model.input.shape) == 4 else 0
        if model.input.shape != (1, frames, self.frontend.features, 1) or not frames:
            raise ConfigError(
                f"models: {model.file} has inputs of shape {list(model.input.shape)}, "
                f"expected [1, frames, {self.frontend.features}, 1] from its front end"
            )
        if bool(model.states) != (model.form == "stream"):
            raise ConfigError(
                f"models: {model.file} has {len(model.states)} states; a 'stream' form has some, the {model.form!r} form has none"
            )

    def _check_output(self, model: ModelFile) -> None:
        if model.output.shape != (1, len(self.labels)):
            raise ConfigError(
                f"models: {model.file} has outputs of shape {list(model.output.shape)}, but there are {len(self.labels)} labels"
            )

    def _check_compiled(self) -> None:
        shapes = {model.form: (model.input, model.output, model.field_frames) for model in self.models}
        if "edgetpu" in shapes and shapes["edgetpu"] != shapes.get("window"):
            found = "one of other tensors" if "window" in shapes else "none"
            raise ConfigError(f"models: the form 'edgetpu' is the compiled 'window' form and must lie beside it, found {found}")

    def _check_frames(self, model: ModelFile) -> None:
        if model.takes_windows:
            if model.field_frames:
                raise ConfigError(f"models: {model.file} is a window by itself, found field_frames {model.field_frames}")
        else:
            ms, frames = self.detect.step_ms, model.input.shape[1]
            step = self.frontend.hops_in(ms)
            if step != frames:
                raise ConfigError(
                    f"models: {model.file} takes {frames} frames a step, but {ms:g} ms (detect.step_ms) make {step}"
                )
            if model.field_frames < frames:
                raise ConfigError(
                    f"models: {model.file} must have field_frames of at least its {frames} new frames, found {model.field_frames}"
                )
        if self.clip_samples and self.frontend.frames_in(self.clip_samples) != model.window_frames:
            raise ConfigError(
                f"clip_samples must make the {model.window_frames} frames of {model.file}, found {self.clip_samples}, "
                f"which make {self.frontend.frames_in(self.clip_samples)}"
            )
