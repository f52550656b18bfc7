"""The `stream` form of a model: one step of a stream as an int8 `.tflite` file, with its states as inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from edge_asr.errors import ConversionError
from edge_asr.training.convert import check_simulated, run_converter
from edge_asr.training.streaming import streaming_model
from edge_asr.training.tflite_file import unpack
from edge_asr.training.tflite_writer import pack


def convert_stream(simulated: keras.Model, step_frames: int) -> bytes:
    """An int8 `.tflite` file of one step of `step_frames` new frames.

    Inputs, in this order: features (1, step_frames, features, 1) and the states, each (1, frames, features, channels);
    outputs: logits, (1, classes) or (1, new output frames, tokens), and the states of the next step, each with the shape,
    scale and zero point of the one that it replaces. A stream begins with states at their zero points.
    `simulated`: as for `convert_int8`, whose file says the same bit for bit once a window's frames are in.
    Raises `ConversionError` as `convert_int8` and `streaming_model` do.
    """
    check_simulated(simulated)
    model = streaming_model(simulated, step_frames)
    return with_paired_states(run_converter(model), [tensor.name for tensor in model.inputs])


def with_paired_states(model: bytes, inputs: list[str]) -> bytes:
    """The file with its inputs in the order of the names `inputs`, and its outputs in the order of their numbers.

    The converter puts them in any order; the signature knows which is which. Raises `ConversionError` where a state's input
    and output differ in shape, scale or zero point.
    """
    content = unpack(model)
    subgraph, signature = content.subgraphs[0], content.signatureDefs[0]
    named_in, named_out = _by_name(signature.inputs), _by_name(signature.outputs)
    subgraph.inputs = np.array([named_in[name] for name in inputs], np.int32)
    subgraph.outputs = np.array([named_out[f"output_{number}"] for number in range(len(inputs))], np.int32)
    for name, before, after in zip(inputs[1:], subgraph.inputs[1:], subgraph.outputs[1:]):
        found = [_layout(subgraph.tensors[index]) for index in (before, after)]
        if found[0] != found[1]:
            raise ConversionError(f"{name!r} goes in as {found[0]} and comes out as {found[1]}: expected the same")
    return pack(content)


def _by_name(tensors: Iterable[Any]) -> dict[str, int]:
    return {tensor.name.decode(): int(tensor.tensorIndex) for tensor in tensors}


def _layout(tensor: Any) -> str:
    quantization = tensor.quantization
    return f"{tensor.shape.tolist()}, scale {quantization.scale.tolist()}, zero point {quantization.zeroPoint.tolist()}"
