from __future__ import annotations

import keras
import numpy as np
import pytest

from edge_asr.bundle.quantization import dequantize, quantize
from edge_asr.errors import ConversionError
from edge_asr.runtime.interpreter import Interpreter
from edge_asr.training.convert import convert_int8
from edge_asr.training.graph import copy_model
from edge_asr.training.spec import QuantizeSpec
from edge_asr.training.speech_forms import convert_speech_forms, window_frames
from edge_asr.training.streaming import streaming_model
from edge_asr.training.tflite_file import operator_counts
from edge_asr.zoo.spec import field_frames, stride_frames
from tests.training.causal_models import run_stream, steps
from tests.training.ctc_models import (
    FEATURES,
    OUTPUTS,
    SPECS,
    TOKENS,
    features,
    forms,
    lifelike_stream,
    random_stream,
    simulated,
)

FORMS = [("stride 2", 4), ("stride 2", 16), ("stride 4", 4), ("stride 4", 12), ("stem of stride 4", 8), ("dilated", 3)]
KERNELS = ["default", "builtin"]
EDGE_TPU = {"ADD", "CONV_2D", "DEPTHWISE_CONV_2D", "PAD", "RESHAPE", "STRIDED_SLICE"}
"""Of those that its compiler maps, what these networks need."""


def outputs_of_windows(model: bytes, frames: np.ndarray, stride: int, kernels) -> dict[int, np.ndarray]:
    """The stored logits of each output frame of windows that overlap by half, by the number of the output frame."""
    interpreter = Interpreter(model, kernels=kernels)
    window, outputs = interpreter.input.shape[1], interpreter.output.shape[1]
    first = -(-window // stride) * stride
    found: dict[int, np.ndarray] = {}
    for end in range(first, frames.shape[1] + 1, stride * (outputs // 2)):
        logits = interpreter.invoke(frames[:, end - window : end])[0]
        for number, output in enumerate(logits, start=end // stride - outputs):
            np.testing.assert_array_equal(output, found.setdefault(number, output))  # wherever it lies in the window
    return found


@pytest.mark.parametrize("stream", [random_stream, lifelike_stream])
@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize(("name", "step"), FORMS)
def test_window_stream_and_resource_say_the_same_bit_for_bit(name, step, kernels, stream):
    parts, stride = forms(name, step).parts, stride_frames(SPECS[name])
    interpreter = Interpreter(parts["resource"].content, kernels=kernels)
    frames = stream(interpreter, 300 * step)
    found = np.concatenate(run_stream(parts["stream"].content, frames, kernels)[0], axis=1)[0]
    resource = np.concatenate([interpreter.invoke(new) for new in steps(frames, step)], axis=1)[0]
    np.testing.assert_array_equal(resource, found)
    wanted = outputs_of_windows(parts["window"].content, frames, stride, kernels)
    assert len(wanted) > 200
    np.testing.assert_array_equal(found[list(wanted)], list(wanted.values()))
    assert len(np.unique(found, axis=0)) > 100  # most answers differ: nothing is stuck


@pytest.mark.parametrize("kernels", KERNELS)
def test_every_output_of_an_hour(kernels):
    """90,000 of them: no error can build up in the states, which are copies of what layers have put out."""
    parts = forms("stride 2", 16).parts
    frames = random_stream(Interpreter(parts["window"].content), 3600 * 50)
    found = np.concatenate(run_stream(parts["stream"].content, frames, kernels)[0], axis=1)[0]
    wanted = outputs_of_windows(parts["window"].content, frames, 2, kernels)
    assert len(wanted) > 89_900
    np.testing.assert_array_equal(found[list(wanted)], list(wanted.values()))


def test_steps_of_any_length_say_the_same():
    frames = random_stream(Interpreter(forms("stride 2", 4).parts["window"].content), 960)
    short, long = (
        np.concatenate(run_stream(forms("stride 2", n).parts["stream"].content, frames, "default")[0], 1) for n in (4, 16)
    )
    np.testing.assert_array_equal(short, long)


@pytest.mark.parametrize(("name", "step"), FORMS)
def test_an_output_frame_of_a_stream_ends_with_its_last_frame(name, step):
    """Output j is computed from the field that ends with frame (j + 1) * stride, and from nothing else."""
    parts, spec = forms(name, step).parts, SPECS[name]
    field, stride = field_frames(spec), stride_frames(spec)
    interpreter = Interpreter(parts["stream"].content)
    frames = random_stream(interpreter, 40 * step)
    plain = np.concatenate(run_stream(parts["stream"].content, frames, "default")[0], axis=1)[0]
    place = 20 * step + 1
    frames[:, place] = frames[:, place] // 2 + 90 * (frames[:, place] < 0)
    changed = np.concatenate(run_stream(parts["stream"].content, frames, "default")[0], axis=1)[0]
    differs = set(np.flatnonzero((plain != changed).any(axis=1)))
    sees = {j for j in range(len(plain)) if (j + 1) * stride - field <= place < (j + 1) * stride}
    assert differs <= sees
    assert len(differs) > len(sees) / 2  # some see it through one small weight


@pytest.mark.parametrize(("name", "step"), FORMS)
def test_shapes_and_fields_that_a_speech_bundle_states(name, step):
    parts, spec = forms(name, step).parts, SPECS[name]
    window, stream, resource = (parts[form] for form in ("window", "stream", "resource"))
    assert {part.field_frames for part in parts.values()} == {field_frames(spec)}
    assert window.input.shape == (1, window_frames(spec, OUTPUTS), FEATURES, 1)
    assert window.output.shape == (1, OUTPUTS, TOKENS)
    assert stream.input.shape == resource.input.shape == (1, step, FEATURES, 1)
    assert stream.output.shape == resource.output.shape == (1, step // stride_frames(spec), TOKENS)
    assert len(stream.states) == 1 + len(spec.channels) - (spec.stem_kernel[0] <= spec.stem_stride[0])
    assert (window.states, resource.states) == ((), ())


@pytest.mark.parametrize("name", SPECS)
def test_the_window_form_has_only_operators_that_the_edge_tpu_maps(name):
    step = next(step for known, step in FORMS if known == name)
    assert set(operator_counts(forms(name, step).parts["window"].content)) <= EDGE_TPU


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("name", SPECS)
def test_int8_is_within_two_steps_of_the_simulated_network(name, kernels):
    """Rounding of ties and of fixed-point multipliers costs one step; two where an addition follows (toolchain of TFLite)."""
    step = next(step for known, step in FORMS if known == name)
    interpreter = Interpreter(forms(name, step).parts["window"].content, kernels=kernels)
    windows = features(20, interpreter.input.shape[1], seed=5)
    wanted = keras.ops.convert_to_numpy(simulated(name)(windows))
    found = np.concatenate(
        [dequantize(interpreter.invoke(quantize(one[None], interpreter.input)), interpreter.output) for one in windows]
    )
    assert np.abs(found - wanted).max() <= 2.01 * interpreter.output.scale
    assert np.ptp(wanted) > 50 * interpreter.output.scale


def test_a_network_of_any_length_has_no_file():
    with pytest.raises(ConversionError, match="fixed number of frames"):
        convert_int8(simulated("stride 2"))


@pytest.mark.parametrize("name", ["stride 2", "stride 4"])
def test_a_step_must_bring_whole_output_frames(name):
    stride = stride_frames(SPECS[name])
    fixed = copy_model(simulated(name), frames=window_frames(SPECS[name], OUTPUTS))
    with pytest.raises(ConversionError, match=rf"multiple of {stride} frames.*decode\.step_ms"):
        streaming_model(fixed, stride + 1)


def test_a_limit_of_bytes_holds_for_each_form():
    settings = QuantizeSpec(max_bytes=1000)
    with pytest.raises(ConversionError, match="quantize.max_bytes allows 1000"):
        convert_speech_forms(simulated("stride 2"), SPECS["stride 2"], settings, 4, window_outputs=OUTPUTS)
