from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from edge_asr.training.convert import convert_int8
from edge_asr.training.fake_quant import activation_ranges
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.ptq import post_training
from edge_asr.training.slim import slim
from edge_asr.training.tflite_file import unpack
from edge_asr.training.unit_scale import with_unit_scales
from tests.training.quant_models import SHAPE, clips, pooling_network, residual_network, run_int8


def _scales(simulated):
    return {r.source: (r.high.numpy() - r.low.numpy()) / 255 for r in activation_ranges(simulated)}


# What an addition or the mean reads, or what is the output, keeps its scale; "pool" is no layer with a kernel.
CHAINED = {residual_network: {"depthwise_relu"}, pooling_network: {"conv", "depthwise", "dense_relu"}}


@pytest.mark.parametrize("network", list(CHAINED))
def test_scales_are_one_exactly_where_only_kernels_read(network):
    before = post_training(fold_batch_norms(network()), clips(32))
    after = with_unit_scales(before)
    old, new = _scales(before), _scales(after)
    assert {name for name in new if new[name] == 1.0} == CHAINED[network]
    assert all(new[name] == old[name] for name in new if name not in CHAINED[network])


@pytest.mark.parametrize("network", list(CHAINED))
def test_the_same_function_in_the_same_integers(network):
    """The scaled weights are rounded to float32 anew (6e-8): at most a tie turns, one step of the output."""
    before = post_training(fold_batch_norms(network()), clips(32))
    after = with_unit_scales(before)
    features = clips(64, seed=2)
    wanted, step = run_int8(convert_int8(before), features)
    found, new_step = run_int8(convert_int8(after), features)
    assert new_step == step
    assert np.abs(found - wanted).max() <= 1.01 * step
    assert np.mean(found != wanted) < 0.02
    simulated = before(features, training=False).numpy(), after(features, training=False).numpy()
    assert np.abs(simulated[0] - simulated[1]).max() <= 1.01 * step


def test_bias_and_kernel_scales_become_one_vector():
    simulated = post_training(fold_batch_norms(residual_network()), clips(32))
    plain, unit = slim(convert_int8(simulated)), slim(convert_int8(with_unit_scales(simulated)))
    # The pointwise convolution's eight channels: four bytes each, and the vector's length.
    assert len(plain) - len(unit) >= 32
    subgraph = unpack(unit).subgraphs[0]
    kernel, bias = next(
        [subgraph.tensors[i] for i in operator.inputs[1:]]
        for operator in subgraph.operators
        if subgraph.tensors[operator.inputs[1]].shape.tolist() == [8, 1, 1, 8]
    )
    np.testing.assert_array_equal(bias.quantization.scale, kernel.quantization.scale)


def test_the_model_itself_is_left_alone():
    simulated = post_training(fold_batch_norms(residual_network()), clips(8))
    before = simulated.get_weights()
    with_unit_scales(simulated)
    for old, new in zip(before, simulated.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


@pytest.mark.parametrize("between", [layers.ReLU(max_value=6.0), layers.ReLU(threshold=0.1)])
def test_what_does_not_scale_is_left_alone(between):
    inputs = keras.Input(SHAPE, name="features")
    x = between(layers.Conv2D(4, 3, name="conv")(inputs))
    model = keras.Model(inputs, layers.Dense(4, name="logits")(layers.Flatten()(x)))
    simulated = post_training(model, clips(8))
    assert _scales(with_unit_scales(simulated)) == _scales(simulated)
