"""Small causal networks with trained-looking weights, and their forms run over the same frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import keras
import numpy as np
from keras import layers

from edge_asr.runtime.interpreter import Interpreter, Kernels
from edge_asr.training.convert import convert_int8
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.ptq import post_training
from edge_asr.training.resource_file import states_in_variables
from edge_asr.training.slim import slim
from edge_asr.training.stream_file import convert_stream
from edge_asr.training.unit_scale import with_unit_scales
from edge_asr.zoo.build import build_model
from edge_asr.zoo.spec import BcResNet, DsCnn, DsTcResNet, ResDsCnn
from tests.training.quant_models import with_statistics

CLASSES = 3
SPECS = {
    "res_ds_cnn": (ResDsCnn(8, channels=(8, 8, 12, 12), strides=(1, 1, 2, 1), causal=True), (27, 16, 1)),
    "ds_cnn": (DsCnn("s", causal=True), (31, 10, 1)),  # 31 frames: one is left over by the stem's stride
    "ds_tc_resnet": (DsTcResNet(8, channels=(12, 12, 16), kernels=(3, 5, 3)), (38, 16, 1)),
    "bc_resnet": (BcResNet(1.0, dilations=(1, 1, 1, 1), causal=True), (38, 16, 1)),
}


@dataclass(frozen=True)
class Files:
    """One network's forms, slimmed, for steps of so many frames."""

    window: bytes
    stream: bytes
    resource: bytes
    step: int


def odd_network() -> keras.Model:
    """What the zoo's causal networks do not have: pooling and strides in time, dilation, stride without overlap, flattening."""
    x = inputs = keras.Input((35, 6, 1), name="features")
    x = layers.Conv2D(6, 3, activation="relu", name="conv")(x)
    x = layers.MaxPooling2D((3, 2), strides=(2, 2), name="max_pool")(x)  # 33 frames to 16
    x = layers.DepthwiseConv2D((3, 2), dilation_rate=(2, 1), name="dilated")(x)  # to 12
    x = layers.AveragePooling2D((2, 1), strides=(1, 1), name="average_pool")(x)  # to 11
    x = layers.Conv2D(8, (1, 1), strides=(2, 1), name="sparse")(x)  # to 6
    x = layers.Flatten(name="flatten")(layers.ReLU(name="relu")(x))
    return with_statistics(keras.Model(inputs, layers.Dense(CLASSES, name="logits")(x), name="odd"), 0)


@cache
def simulated(name: str) -> keras.Model:
    """The simulated int8 model of a network in `SPECS`, or of "odd"."""
    network = odd_network() if name == "odd" else with_statistics(build_model(*SPECS[name], CLASSES, 0), 0)
    clips = np.random.default_rng(1).standard_normal((32, *network.input.shape[1:]), dtype=np.float32)
    return with_unit_scales(post_training(fold_batch_norms(network), clips))


@cache
def files(name: str, step: int) -> Files:
    """The forms of `simulated(name)`."""
    stream = convert_stream(simulated(name), step)
    return Files(_window(name), slim(stream), slim(states_in_variables(stream)), step)


def random_frames(interpreter: Interpreter, count: int, seed: int = 2) -> np.ndarray:
    """(1, count, features, 1) int8, of all values."""
    shape = (1, count, *interpreter.input.shape[2:])
    return np.random.default_rng(seed).integers(-128, 128, shape).astype(np.int8)


def fresh_states(interpreter: Interpreter) -> list[np.ndarray]:
    """Every state at its zero point."""
    return [np.full(spec.shape, spec.zero_point, np.int8) for spec in interpreter.inputs[1:]]


def run_stream(
    model: bytes, frames: np.ndarray, kernels: Kernels, states: list[np.ndarray] | None = None
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The stored logits of each step over all `frames`, and the states behind the last one. Begins fresh without `states`."""
    interpreter = Interpreter(model, kernels=kernels)
    states = fresh_states(interpreter) if states is None else states
    outputs = []
    for new in steps(frames, interpreter.input.shape[1]):
        output, states = interpreter.step(new, states)
        outputs.append(output)
    return outputs, states


def run_windows(model: bytes, frames: np.ndarray, step: int, kernels: Kernels) -> list[np.ndarray]:
    """The stored logits of the window that ends with each step, from the first step on that has a window's frames before."""
    interpreter = Interpreter(model, kernels=kernels)
    window = interpreter.input.shape[1]
    ends = range(-(-window // step) * step, frames.shape[1] + 1, step)
    return [interpreter.invoke(frames[:, end - window : end]) for end in ends]


def steps(frames: np.ndarray, step: int) -> Iterator[np.ndarray]:
    """`frames` in pieces of `step`."""
    return (frames[:, start : start + step] for start in range(0, frames.shape[1], step))


@cache
def _window(name: str) -> bytes:
    return slim(convert_int8(simulated(name)))
