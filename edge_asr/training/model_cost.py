"""What a network costs: parameters, multiply-accumulates, int8 bytes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from keras import layers

from edge_asr.frontend.presets import PRESETS
from edge_asr.progress import Progress, no_progress
from edge_asr.training.quantize import int8_size
from edge_asr.zoo.build import build_model
from edge_asr.zoo.spec import ArticleCnn, BcResNet, CtcNet, DsCnn, DsTcResNet, ModelSpec, ResDsCnn, field_frames, stride_frames

CLASSES = 12
"""Of the Speech Commands task, which the papers' numbers are for."""
CHARACTERS = 29
"""Tokens of a recogniser of English: the blank, the space, the letters and the apostrophe."""

ZOO: tuple[tuple[str, ModelSpec, str], ...] = (
    ("DS-CNN-S", DsCnn("s"), "dscnn"),
    ("DS-CNN-M", DsCnn("m"), "dscnn"),
    ("DS-CNN-L", DsCnn("l"), "dscnn"),
    ("Res-DS-CNN", ResDsCnn(), "logmel40"),
    ("Res-DS-CNN causal", ResDsCnn(causal=True), "logmel40"),
    ("DS-TC-ResNet", DsTcResNet(kernels=(5, 5, 7, 7)), "logmel40"),  # its own kernels see more than a second
    ("BC-ResNet-1", BcResNet(1.0), "logmel40"),
    ("BC-ResNet-2", BcResNet(2.0), "logmel40"),
    ("BC-ResNet-3", BcResNet(3.0), "logmel40"),
    ("BC-ResNet-3 causal", BcResNet(3.0, dilations=(1, 1, 1, 2), causal=True), "logmel40"),
    ("Article CNN", ArticleCnn(), "psf"),
    ("CTC net 128", CtcNet(channels=(128,) * 6, kernels=(5, 5, 5, 7, 7, 9)), "logmel40"),
    ("CTC net 256", CtcNet(), "logmel40"),
    ("CTC net 384", CtcNet(channels=(384,) * 7, kernels=(3, 5, 5, 7, 7, 7, 9)), "logmel40"),
)
"""Name, spec and front end of the networks that `zoo_table` shows."""


@dataclass(frozen=True)
class ModelCost:
    """A network and what it costs."""

    name: str
    frontend: str
    input_shape: tuple[int, int, int]
    """Frames, features, 1: of one second; of a CTC network, with the field's frames before it."""
    parameters: int
    macs: int
    int8_bytes: int
    """Size of the `.tflite` file."""


def parameters(model: Any) -> int:
    """Trained numbers of a Keras model, before batch normalisations are folded."""
    return sum(prod(variable.shape) for variable in model.trainable_variables)


def macs(model: Any) -> int:
    """Multiply-accumulates of one inference: convolutions and dense layers; additions and pooling are left out."""
    return sum(_layer_macs(layer) for layer in model.layers)


def zoo_table(*, progress: Progress = no_progress) -> tuple[ModelCost, ...]:
    """The cost of each network in `ZOO`. Converts each to int8: some seconds a network."""
    rows = []
    for done, (name, spec, preset) in enumerate(ZOO):
        progress(name, done, len(ZOO))
        frontend = PRESETS[preset]
        classes, before = CLASSES, 0
        if isinstance(spec, CtcNet):
            classes, before = CHARACTERS, field_frames(spec) - stride_frames(spec)
        shape = (before + frontend.frames_in(frontend.sample_rate), frontend.features, 1)
        model = build_model(spec, shape, classes, seed=0)
        rows.append(ModelCost(name, preset, shape, parameters(model), macs(model), int8_size(model)))
    progress("models", len(ZOO), len(ZOO))
    return tuple(rows)


def _layer_macs(layer: Any) -> int:
    """Kernel size times the places where it is applied."""
    if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
        return int(prod(layer.kernel.shape) * prod(layer.output.shape[1:3]))
    if isinstance(layer, layers.Dense):
        return int(prod(layer.kernel.shape))
    return 0
