"""The manifest of a bundle: everything that a runtime needs to know before it opens a model file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from edge_asr.config import setting
from edge_asr.errors import ConfigError
from edge_asr.frontend.spec import FrontendSpec

SCHEMA = 1
"""Version of the manifest's format. A reader refuses a newer one."""

SILENCE, UNKNOWN = "_silence_", "_unknown_"
BACKGROUND = (SILENCE, UNKNOWN)
"""Labels that are never reported as a detection."""


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

    form: Literal["window"]
    """`window`: input (1, frames, features, 1), output (1, labels)."""
    file: str
    sha256: str
    size: int = setting(min=1)
    """Bytes."""
    input: TensorSpec = setting()
    output: TensorSpec = setting()


@dataclass(frozen=True)
class DetectSpec:
    """How posteriors become detections."""

    step_ms: float = setting(100.0, min=1.0, max=5000.0)
    """Time between two runs of a window model; rounded to whole frames, at least one."""
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
    kind: Literal["keywords"] = setting()
    labels: tuple[str, ...] = setting()
    frontend: FrontendSpec = setting()
    models: tuple[ModelFile, ...] = setting()
    detect: DetectSpec = field(default_factory=DetectSpec)
    clip_samples: int = setting(0, min=0)
    """Samples of the clips that it was trained on, of which the model's frames are the first; 0: just those frames'."""
    created: str = ""
    """UTC time, ISO 8601."""
    made_by: str = ""
    """`edge-asr <version>`."""
    provenance: dict[str, Any] = setting({})
    """Recipe, seed, data, versions, accuracy: what a person wants to know; the runtime does not read it."""

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
            if model.output.shape != (1, len(self.labels)):
                raise ConfigError(
                    f"models: {model.file} has outputs of shape {list(model.output.shape)}, "
                    f"but there are {len(self.labels)} labels"
                )
            frames = model.input.shape[1] if len(model.input.shape) == 4 else 0
            if model.input.shape != (1, frames, self.frontend.features, 1) or not frames:
                raise ConfigError(
                    f"models: {model.file} has inputs of shape {list(model.input.shape)}, "
                    f"expected [1, frames, {self.frontend.features}, 1] from its front end"
                )
            if self.clip_samples and self.frontend.frames_in(self.clip_samples) != frames:
                raise ConfigError(
                    f"clip_samples must make the {frames} frames of {model.file}, found {self.clip_samples}, "
                    f"which make {self.frontend.frames_in(self.clip_samples)}"
                )
