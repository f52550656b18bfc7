from __future__ import annotations

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter as NativeInterpreter

from edge_asr.errors import ConversionError
from edge_asr.runtime.interpreter import Interpreter
from edge_asr.training.convert import run_converter
from edge_asr.training.stream_file import convert_stream, with_paired_states
from edge_asr.training.streaming import streaming_model
from edge_asr.training.tflite_file import check_int8, operator_counts, tensor_specs, unpack
from tests.training.causal_models import (
    CLASSES,
    SPECS,
    files,
    fresh_states,
    random_frames,
    run_stream,
    run_windows,
    simulated,
)

FORMS = [
    ("res_ds_cnn", 2),
    ("res_ds_cnn", 6),
    ("ds_cnn", 4),
    ("ds_tc_resnet", 4),
    ("ds_tc_resnet", 16),
    ("bc_resnet", 4),
    ("odd", 4),
    ("odd", 16),
]
KERNELS = ["default", "builtin"]


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize(("name", "step"), FORMS)
def test_says_bit_for_bit_what_the_window_form_says(name, step, kernels):
    made = files(name, step)
    window = Interpreter(made.window)
    frames = random_frames(window, (window.input.shape[1] // step + 60) * step)
    wanted = run_windows(made.window, frames, step, kernels)
    found, _ = run_stream(made.stream, frames, kernels)
    assert len(wanted) >= 60
    np.testing.assert_array_equal(found[-len(wanted) :], wanted)
    assert len({output.tobytes() for output in wanted}) > 30  # most answers differ: nothing is stuck


@pytest.mark.parametrize("kernels", KERNELS)
def test_every_step_of_an_hour(kernels):
    """45,000 steps of 80 ms: no error can build up in the states, which are copies of what layers have put out."""
    made = files("ds_tc_resnet", 4)
    frames = random_frames(Interpreter(made.window), 3600 * 50)
    wanted = run_windows(made.window, frames, 4, kernels)
    found, _ = run_stream(made.stream, frames, kernels)
    assert len(wanted) == 45_000 - 9  # a window has 38 frames
    np.testing.assert_array_equal(found[-len(wanted) :], wanted)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize(("name", "step"), FORMS)
def test_a_stream_that_begins_full_of_one_frame_says_it_from_the_first_step_on(name, step, kernels):
    made = files(name, step)
    window = Interpreter(made.window)
    filled = -(-window.input.shape[1] // step) * step
    before = np.repeat(random_frames(window, 1, seed=4), filled, axis=1)
    after = random_frames(window, 5 * step)
    _, states = run_stream(made.stream, before, kernels)
    found, _ = run_stream(made.stream, after, kernels, states)
    wanted = run_windows(made.window, np.concatenate([before, after], axis=1), step, kernels)[1:]
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(("name", "step"), FORMS)
def test_inputs_and_outputs_are_features_or_logits_and_then_the_states(name, step):
    made = files(name, step)
    inputs, outputs = tensor_specs(made.stream)
    (window_in,), (window_out,) = tensor_specs(made.window)
    assert inputs[0].shape == (1, step, *window_in.shape[2:])
    assert outputs[0].shape == (1, CLASSES)
    assert [(spec.scale, spec.zero_point) for spec in (inputs[0], outputs[0])] == [
        (spec.scale, spec.zero_point) for spec in (window_in, window_out)
    ]
    assert len(inputs) > 1
    assert inputs[1:] == outputs[1:]
    interpreter = Interpreter(made.stream)
    assert (interpreter.inputs, interpreter.outputs) == (inputs, outputs)


@pytest.mark.parametrize("name", [*SPECS, "odd"])
def test_pure_int8_and_no_operator_but_what_states_need(name):
    """The window form's, a concatenation and a slice for each state; crops of residual branches are not needed any more."""
    made = files(name, 4)
    check_int8(made.stream)
    window, stream = operator_counts(made.window), operator_counts(made.stream)
    states = len(tensor_specs(made.stream)[0]) - 1
    crops = {"odd": 1, "bc_resnet": 12}.get(name, 0)  # of the stride without overlap; of the frames in the middle, one a block
    assert stream == {**window, "CONCATENATION": states, "STRIDED_SLICE": states + crops}


def test_only_layers_that_look_back_have_a_state():
    """Stem, blocks of kernels 3, 5 and 3, mean. Of 38 frames the stem makes 17, the blocks 9, of which 2 are new at each step."""
    shapes = [spec.shape for spec in tensor_specs(files("ds_tc_resnet", 4).stream)[0][1:]]
    bands = 17  # 16 and one of zeros
    assert shapes == [(1, 3, bands, 1), (1, 2, 1, 12), (1, 4, 1, 12), (1, 2, 1, 12), (1, 7, 1, 16)]


def test_the_same_bits_as_the_converters_own_file():
    made = files("ds_tc_resnet", 4)
    raw = run_converter(streaming_model(simulated("ds_tc_resnet"), 4))
    runner = NativeInterpreter(model_content=raw).get_signature_runner()
    ours = Interpreter(made.stream)
    states = fresh_states(ours)
    for new in random_frames(ours, 100).reshape(25, 1, 4, 16, 1):
        wanted = runner(features=new, **{f"state_{number}": state for number, state in enumerate(states)})
        output, states = ours.step(new, states)
        np.testing.assert_array_equal(output, wanted["output_0"])
        for number, state in enumerate(states, start=1):
            np.testing.assert_array_equal(state, wanted[f"output_{number}"])


def test_equal_models_give_equal_bytes_and_the_model_is_left_alone():
    one, same = (convert_stream(simulated("ds_tc_resnet"), 4) for _ in range(2))
    assert one == same
    assert len(simulated("ds_tc_resnet").layers[1]._inbound_nodes) == 1


@pytest.mark.parametrize("part", ["scale", "zeroPoint"])
def test_states_that_change_their_scale_are_refused(part):
    raw = run_converter(streaming_model(simulated("ds_tc_resnet"), 4))
    content = unpack(raw)
    names = {tensor.name.decode(): tensor.tensorIndex for tensor in content.signatureDefs[0].outputs}
    quantization = content.subgraphs[0].tensors[names["output_2"]].quantization
    setattr(quantization, part, getattr(quantization, part) + 1)
    builder = flatbuffers.Builder(0)
    builder.Finish(content.Pack(builder), file_identifier=b"TFL3")
    with pytest.raises(ConversionError, match="'state_1' goes in as .* comes out as"):
        with_paired_states(bytes(builder.Output()), ["features", *(f"state_{number}" for number in range(5))])
