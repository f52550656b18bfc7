"""DS-CNN S, M and L: Zhang et al., Hello Edge (arXiv 1711.07128), table 11 and the reference code's `ds_cnn`."""

from __future__ import annotations

from dataclasses import dataclass

from edge_asr.zoo.layers import Seeds, Tensor, conv_bn, depthwise_bn, logits
from edge_asr.zoo.spec import DsCnn


@dataclass(frozen=True)
class _Size:
    channels: int
    stem_strides: tuple[int, int]
    block_strides: tuple[int, ...]


_SIZES = {
    "s": _Size(64, (2, 2), (1, 1, 1, 1)),
    "m": _Size(172, (2, 1), (2, 1, 1, 1)),
    "l": _Size(276, (2, 1), (2, 1, 1, 1, 1)),
}


def ds_cnn(x: Tensor, spec: DsCnn, classes: int, seeds: Seeds) -> Tensor:
    """A 10x4 convolution, then depthwise 3x3 and pointwise convolutions, all of one width."""
    size = _SIZES[spec.size]
    x = conv_bn(x, seeds, "stem", size.channels, (10, 4), size.stem_strides, causal=spec.causal)
    for number, stride in enumerate(size.block_strides, start=1):
        x = depthwise_bn(x, seeds, f"block{number}_depthwise", (3, 3), stride, causal=spec.causal)
        x = conv_bn(x, seeds, f"block{number}_pointwise", size.channels)
    return logits(x, seeds, classes, spec.dropout, causal=spec.causal)
