"""The `[model]` table of a recipe: one frozen dataclass an architecture, chosen by its `arch` key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

from edge_asr.config import build, setting
from edge_asr.errors import ConfigError


@dataclass(frozen=True)
class DsCnn:
    """Depthwise-separable CNN of Zhang et al., Hello Edge (arXiv 1711.07128), table 11."""

    size: str = setting("s", choices=("s", "m", "l"))
    dropout: float = setting(0.2, min=0.0, max=0.9)
    causal: bool = False
    """No padding in time: the network can stream."""


@dataclass(frozen=True)
class ResDsCnn:
    """Depthwise-separable CNN with residual connections: more accurate per byte than DS-CNN on log-mel input."""

    stem_channels: int = setting(32, min=4, max=512)
    stem_kernel: tuple[int, int] = setting((5, 5), min=1, max=15)
    """Time, frequency."""
    stem_stride: tuple[int, int] = setting((2, 2), min=1, max=8)
    channels: tuple[int, ...] = setting((64, 64, 64, 64, 64), min=4, max=1024)
    """Output channels of each block; a block whose input has as many channels and no stride is residual."""
    strides: tuple[int, ...] = setting((1,), min=1, max=4)
    """Stride in time and frequency (with `causal`: in frequency) of each block; one number serves all."""
    kernel: int = setting(3, min=1, max=15)
    dropout: float = setting(0.1, min=0.0, max=0.9)
    causal: bool = False
    """No padding in time: the network can stream."""

    def __post_init__(self) -> None:
        """Check that every block has a stride. Raises `ConfigError`."""
        if not self.channels:
            raise ConfigError("channels must name at least one block, found []")
        if len(self.strides) not in (1, len(self.channels)):
            raise ConfigError(
                f"strides must be one number or as many as channels ({len(self.channels)}), found {list(self.strides)}"
            )


@dataclass(frozen=True)
class DsTcResNet:
    """Residual network of separable convolutions in time over one stem in time and frequency; it can stream.

    In the class of DS TC-ResNet (Choi et al., arXiv 1904.03814; Rybakov et al., arXiv 2005.06720).
    """

    stem_channels: int = setting(16, min=4, max=512)
    stem_kernel: tuple[int, int] = setting((5, 5), min=1, max=15)
    """Time, frequency."""
    stem_stride: tuple[int, int] = setting((2, 4), min=1, max=8)
    channels: tuple[int, ...] = setting((80, 80, 80, 80), min=4, max=1024)
    """Output channels of each block; a block whose input has as many channels is residual."""
    kernels: tuple[int, ...] = setting((7, 7, 9, 9), min=1, max=63)
    """Frames (of the stem's output) that each block's depthwise convolution sees."""
    dropout: float = setting(0.1, min=0.0, max=0.9)

    def __post_init__(self) -> None:
        """Check that every block has a kernel. Raises `ConfigError`."""
        if not self.channels or len(self.kernels) != len(self.channels):
            raise ConfigError(
                f"channels and kernels must name the same blocks, found {list(self.channels)} and {list(self.kernels)}"
            )


@dataclass(frozen=True)
class BcResNet:
    """Broadcasted residual network, Kim et al. (arXiv 2106.04140); `tau` is the width of BC-ResNet-tau."""

    tau: float = setting(1.0, min=0.5, max=8.0)
    dropout: float = setting(0.1, min=0.0, max=0.9)
    dilations: tuple[int, int, int, int] = setting((1, 2, 4, 8), min=1, max=32)
    """Frames from tap to tap of the convolutions over time, one number a stage: (a, b, c, d).

    With `causal` the window must hold 4 * (a + b) + 8 * (c + d) + 5 frames: 37 with (1, 1, 1, 2), which fits 1 s of 20 ms steps;
    the default needs 113."""
    causal: bool = False
    """No padding in time: the network can stream."""


@dataclass(frozen=True)
class ArticleCnn:
    """The beginners' network: conv 32 3x3, conv 64 3x3, max-pool 2x2, dropout, dense 128, dropout, softmax."""

    filters: tuple[int, int] = setting((32, 64), min=1, max=1024)
    dense: int = setting(128, min=1, max=4096)
    dropout_conv: float = setting(0.25, min=0.0, max=0.9)
    dropout_dense: float = setting(0.5, min=0.0, max=0.9)


@dataclass(frozen=True)
class CtcNet:
    """Causal network of separable convolutions in time whose every output frame names a token, for CTC; it can stream.

    In the class of QuartzNet (Kriman et al., arXiv 1910.10261) and MatchboxNet (Majumdar and Ginsburg, arXiv 2004.08531), over a
    stem in time and frequency. Parameters and receptive field at 40 bands, 30 tokens and a hop of 20 ms:

    - `channels = [128] * 6, kernels = [5, 5, 5, 7, 7, 9]`: 135 k, 1.38 s
    - `channels = [256] * 6, kernels = [5, 5, 7, 7, 9, 9]`: 466 k, 1.54 s (the default)
    - `channels = [384] * 7, kernels = [3, 5, 5, 7, 7, 7, 9]`: 1.15 M, 1.54 s
    """

    stem_channels: int = setting(16, min=4, max=512)
    stem_kernel: tuple[int, int] = setting((5, 5), min=1, max=15)
    """Time, frequency."""
    stem_stride: tuple[int, int] = setting((2, 4), min=1, max=8)
    channels: tuple[int, ...] = setting((256,) * 6, min=4, max=2048)
    """Output channels of each block; a block whose input has as many channels and no stride is residual."""
    kernels: tuple[int, ...] = setting((5, 5, 7, 7, 9, 9), min=1, max=63)
    """Taps in time of each block's depthwise convolution; one number serves all."""
    dilations: tuple[int, ...] = setting((1,), min=1, max=32)
    """Frames (of the block's input) from tap to tap; one number serves all."""
    strides: tuple[int, ...] = setting((1,), min=1, max=4)
    """Stride in time of each block; one number serves all."""
    dropout: float = setting(0.1, min=0.0, max=0.9)
    """Behind each block, while training."""

    def __post_init__(self) -> None:
        """Check that every block has a kernel, a dilation and a stride. Raises `ConfigError`."""
        if not self.channels:
            raise ConfigError("channels must name at least one block, found []")
        for name in ("kernels", "dilations", "strides"):
            numbers = getattr(self, name)
            if len(numbers) not in (1, len(self.channels)):
                raise ConfigError(
                    f"{name} must be one number or as many as channels ({len(self.channels)}), found {list(numbers)}"
                )
        for dilation, stride in zip(self.each("dilations"), self.each("strides")):
            if min(dilation, stride) > 1:
                raise ConfigError(f"strides must be 1 in a block that is dilated, found {stride} with dilation {dilation}")

    def each(self, name: str) -> tuple[int, ...]:
        """`kernels`, `dilations` or `strides`, one number a block."""
        numbers: tuple[int, ...] = getattr(self, name)
        return numbers * len(self.channels) if len(numbers) == 1 else numbers


def stride_frames(spec: CtcNet) -> int:
    """Input frames from one output frame to the next."""
    return spec.stem_stride[0] * prod(spec.each("strides"))


def field_frames(spec: CtcNet) -> int:
    """Input frames that one output frame is computed from: from N of them come (N - field) // stride + 1 output frames."""
    field, apart = spec.stem_kernel[0], spec.stem_stride[0]
    for kernel, dilation, stride in zip(spec.each("kernels"), spec.each("dilations"), spec.each("strides")):
        field += (kernel - 1) * dilation * apart
        apart *= stride
    return field


ModelSpec: TypeAlias = DsCnn | ResDsCnn | DsTcResNet | BcResNet | ArticleCnn | CtcNet

ARCHITECTURES: dict[str, type[Any]] = {
    "ds_cnn": DsCnn,
    "res_ds_cnn": ResDsCnn,
    "ds_tc_resnet": DsTcResNet,
    "bc_resnet": BcResNet,
    "article_cnn": ArticleCnn,
    "ctc_net": CtcNet,
}


def model_spec(table: Mapping[str, Any], *, source: str) -> ModelSpec:
    """The spec that a `[model]` table asks for. Raises `ConfigError`."""
    rest = dict(table)
    arch = rest.pop("arch", None)
    if not isinstance(arch, str) or arch not in ARCHITECTURES:
        raise ConfigError(f"{source}: 'model.arch' must be one of {', '.join(ARCHITECTURES)}, found {arch!r:.80}")
    spec: ModelSpec = build(ARCHITECTURES[arch], rest, source=source, where="model")
    return spec


def pads_in_time(spec: ModelSpec) -> bool:
    """Whether the network computes frames at the window's ends from padding, so that it can't stream."""
    return not getattr(spec, "causal", True)


def model_table(spec: ModelSpec) -> dict[str, Any]:
    """The inverse of `model_spec`."""
    from edge_asr.config import to_table

    arch = next(name for name, cls in ARCHITECTURES.items() if cls is type(spec))
    return {"arch": arch, **to_table(spec)}
