"""The `[train]` and `[quantize]` tables of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_asr.bundle.manifest import ConvertedForm
from edge_asr.config import setting
from edge_asr.errors import ConfigError


@dataclass(frozen=True)
class TrainSpec:
    """How the network is fitted."""

    seed: int = setting(1, min=0, max=2**31 - 1)
    epochs: int = setting(30, min=1, max=10000)
    batch_size: int = setting(100, min=1, max=65536)
    optimizer: Literal["adam", "adamw"] = "adamw"
    learning_rate: float = setting(3e-3, min=1e-8, max=10.0)
    weight_decay: float = setting(1e-2, min=0.0, max=1.0)
    """AdamW only; not applied to biases and normalisation."""
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup_epochs: float = setting(1.0, min=0.0, max=1000.0)
    """Cosine only: linear rise at the start."""
    weight_averaging: float = setting(0.998, min=0.0, max=0.99999)
    """Decay of the exponential moving average of the weights that is validated and kept; 0 is off."""
    early_stopping_epochs: int = setting(0, min=0, max=1000)
    """Stop when validation accuracy has not risen for that many epochs, and keep the best; 0 is off."""
    label_smoothing: float = setting(0.05, min=0.0, max=0.5)
    balance: bool = True
    """Draw each epoch's clips by class (below) instead of taking every clip once."""
    per_keyword: int = setting(620, min=1, max=1000000)
    """With `balance`: clips a keyword and epoch."""
    per_unknown: int = setting(2200, min=0, max=1000000)
    per_silence: int = setting(650, min=0, max=1000000)
    teachers: tuple[str, ...] = ()
    """Bundles or run folders, relative to the recipe, whose averaged posteriors are learnt (distillation, arXiv 1503.02531)."""
    distill_weight: float = setting(0.7, min=0.0, max=1.0)
    """Share of the loss that the teachers' posteriors get; the labels get the rest."""
    distill_temperature: float = setting(2.0, min=0.5, max=20.0)
    foretell_weight: float = setting(0.5, min=0.0, max=100.0)
    """Weight of the error of the values that a wake word's network foretells while it is trained: a speech embedding."""

    def __post_init__(self) -> None:
        """Check what ties the fields together. Raises `ConfigError`."""
        if self.schedule == "cosine" and self.warmup_epochs >= self.epochs:
            raise ConfigError(f"warmup_epochs must be below epochs ({self.epochs}), found {self.warmup_epochs}")
        if self.schedule == "cosine" and self.early_stopping_epochs:
            raise ConfigError("early_stopping_epochs needs schedule = 'constant': a cosine schedule must run to its end")


@dataclass(frozen=True)
class QuantizeSpec:
    """How the network is made int8."""

    method: Literal["ptq", "qat"] = "ptq"
    """Post-training with a representative set, or fine-tuning with fake quantisation (arXiv 1712.05877)."""
    representative_clips: int = setting(500, min=1, max=100000)
    """Training clips that the activation ranges are taken from."""
    qat_epochs: int = setting(3, min=1, max=1000)
    qat_learning_rate: float = setting(2e-4, min=1e-8, max=1.0)
    forms: tuple[ConvertedForm, ...] = ("window",)
    """What the bundle gets: `window`, which sees a whole window at once, and of a causal network `stream` and `resource`,
    which compute only what is new at each step (`detect.step_ms`) and keep their states outside or in resource variables."""
    max_bytes: int = setting(0, min=0, max=2**31 - 1)
    """Refuse a larger model file; 0 is no limit."""

    def __post_init__(self) -> None:
        """Check the forms. Raises `ConfigError`."""
        if "window" not in self.forms or len(set(self.forms)) != len(self.forms):
            raise ConfigError(f"forms must name 'window', which is what is evaluated, and each once, found {list(self.forms)}")
