"""What runs a model instead of the CPU's kernels: a delegate of TFLite, or the GPU through LiteRT's CompiledModel."""

from __future__ import annotations

from dataclasses import dataclass

from edge_asr.config import setting
from edge_asr.errors import ConfigError

NONE, EDGETPU, GPU = "none", "edgetpu", "gpu"
"""The names that `Accelerator.delegate` knows. Everything else is the path of an external delegate's library."""


@dataclass(frozen=True)
class Accelerator:
    """What should run a model."""

    delegate: str = NONE
    """`none`: the CPU. `edgetpu`: Coral's Edge TPU, through libedgetpu. `gpu`: LiteRT's CompiledModel. Or the path of the
    shared library of an external TFLite delegate, as the system's loader takes it."""
    options: dict[str, str] = setting({})
    """What the delegate is told, as texts: an external delegate has its own, `gpu` those of LiteRT's GpuOptions."""
    fallback: bool = False
    """Run on the CPU, and say so, where the delegate can't be loaded or refuses the model; else that is a `DelegateError`."""

    def __post_init__(self) -> None:
        """Check what ties the fields together. Raises `ConfigError`."""
        if not self.delegate:
            raise ConfigError(f"delegate must be {NONE}, {EDGETPU}, {GPU} or the path of a delegate's library, found nothing")
        if self.delegate == NONE and self.options:
            raise ConfigError(f"options are for a delegate; name one, or leave out {', '.join(self.options)}")

    @property
    def name(self) -> str:
        """As people know it: `cpu`, `gpu`, `edgetpu` or the path."""
        return "cpu" if self.delegate == NONE else self.delegate


CPU = Accelerator()
