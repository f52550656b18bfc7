from __future__ import annotations

import numpy as np
import pytest

from edge_asr.errors import ConversionError
from edge_asr.runtime.interpreter import Interpreter
from edge_asr.training import resource_file
from edge_asr.training.resource_file import states_in_variables
from edge_asr.training.tflite_file import check_int8, operator_counts, tensor_specs, unpack
from tests.training.causal_models import files, random_frames, run_stream, steps

FORMS = [("res_ds_cnn", 2), ("ds_cnn", 4), ("ds_tc_resnet", 4), ("bc_resnet", 4), ("odd", 4)]
ESPHOME = {
    "CALL_ONCE",
    "VAR_HANDLE",
    "READ_VARIABLE",
    "ASSIGN_VARIABLE",
    "RESHAPE",
    "STRIDED_SLICE",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "MUL",
    "ADD",
    "MEAN",
    "FULLY_CONNECTED",
    "LOGISTIC",
    "QUANTIZE",
    "AVERAGE_POOL_2D",
    "MAX_POOL_2D",
    "PAD",
    "PACK",
    "SPLIT_V",
}
"""The operators that ESPHome's microWakeWord registers."""


@pytest.mark.parametrize("kernels", ["default", "builtin"])
@pytest.mark.parametrize(("name", "step"), FORMS)
def test_says_bit_for_bit_what_the_stream_form_says_from_zero_points_on(name, step, kernels):
    made = files(name, step)
    interpreter, another = (Interpreter(made.resource, kernels=kernels) for _ in range(2))
    frames = random_frames(interpreter, 40 * step)
    wanted, _ = run_stream(made.stream, frames, kernels)
    found = []
    for new in steps(frames, step):
        found.append(interpreter.invoke(new))
        another.invoke(new[:, ::-1])  # its states are its own
    np.testing.assert_array_equal(found, wanted)
    assert len({output.tobytes() for output in wanted}) > 20  # most answers differ: nothing is stuck


@pytest.mark.parametrize(("name", "step"), FORMS)
def test_features_in_logits_out_int8_and_operators_that_esphome_has(name, step):
    made = files(name, step)
    (features, *states), (logits, *_) = tensor_specs(made.stream)
    assert tensor_specs(made.resource) == ((features,), (logits,))
    check_int8(made.resource)
    stream, resource = operator_counts(made.stream), operator_counts(made.resource)
    each = dict.fromkeys(("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"), len(states))
    assert resource == {**stream, **each, "CALL_ONCE": 1}
    assert set(resource) <= ESPHOME


def test_costs_little_more_than_the_states_it_begins_with():
    """The zero points of states of one size are there once; a variable's operators and tensors take some 400 bytes."""
    made = files("ds_tc_resnet", 4)
    states = [np.prod(spec.shape) for spec in tensor_specs(made.stream)[0][1:]]
    assert len(made.resource) - len(made.stream) < sum(states) + 400 * len(states)


def test_too_many_variables_for_a_microcontroller(monkeypatch):
    monkeypatch.setattr(resource_file, "MAX_VARIABLES", 4)
    with pytest.raises(ConversionError, match=r"5 states, .* 4 variables.*quantize\.forms"):
        states_in_variables(files("ds_tc_resnet", 4).stream)


def test_variables_are_int8_and_begin_at_their_zero_points():
    made = files("res_ds_cnn", 2)
    content = unpack(made.resource)
    graph = content.subgraphs[1]
    values = [graph.tensors[operator.inputs[1]] for operator in graph.operators if len(operator.inputs)]
    states = tensor_specs(made.stream)[0][1:]
    assert len(values) == len(states)
    for value, state in zip(values, states):
        data = content.buffers[value.buffer].data.view(np.int8)
        np.testing.assert_array_equal(data, np.full(np.prod(state.shape), state.zero_point))
        assert (tuple(value.shape), value.quantization.zeroPoint.tolist()) == (state.shape, [state.zero_point])
    assert len({state.zero_point for state in states}) > 1  # not all the least value
