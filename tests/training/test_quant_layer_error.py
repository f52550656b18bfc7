from __future__ import annotations

import keras
import numpy as np
import pytest

from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.layer_error import layer_errors, signal_to_noise_db
from tests.training.quant_models import clips, pooling_network, residual_network


def test_every_kernel_and_every_stored_activation_is_named_once():
    errors = layer_errors(fold_batch_norms(residual_network()), clips(16))
    parts = {(error.layer, error.part) for error in errors}
    assert len(parts) == len(errors)
    assert {layer for layer, part in parts if part == "kernel"} == {"stem", "depthwise", "pointwise", "logits"}
    # What a ReLU follows is stored behind the ReLU.
    stored = {"features", "stem_relu", "depthwise_relu", "pointwise", "relu", "pool", "logits"}
    assert {layer for layer, part in parts if part == "output"} == stored
    assert [error.sqnr_db for error in errors] == sorted(error.sqnr_db for error in errors)
    # 256 steps over a range of some standard deviations: far below the signal, and not nothing.
    assert all(20 < error.sqnr_db < 100 for error in errors)


@pytest.mark.parametrize(("network", "name"), [(residual_network, "pointwise"), (pooling_network, "dense")])
def test_a_kernel_with_outliers_is_the_worst(network, name):
    """One huge weight in each channel leaves the channel's others no steps. It reads the depthwise convolution's first channel,
    which is made silent: the float network does not notice."""
    folded = fold_batch_norms(network())
    depthwise, damaged = folded.get_layer("depthwise"), folded.get_layer(name)
    silent, bias = depthwise.kernel.numpy(), depthwise.bias.numpy()
    silent[:, :, 0], bias[: silent.shape[-1]] = 0.0, 0.0
    depthwise.set_weights([silent, bias])
    kernel = damaged.kernel.numpy()
    kernel[..., 0, :] = 1000.0
    damaged.kernel.assign(kernel)
    worst, next_worst, *_ = layer_errors(folded, clips(32))
    assert (worst.layer, worst.part) == (name, "kernel")
    assert next_worst.sqnr_db > worst.sqnr_db + 10  # no other part answers for it


def test_an_activation_with_an_outlier_is_the_worst():
    folded = fold_batch_norms(pooling_network())
    bias = folded.get_layer("dense").bias.numpy()
    bias[2] = 1e4
    folded.get_layer("dense").bias.assign(bias)
    after = folded.get_layer("logits")
    kernel = after.kernel.numpy()
    kernel[2] = 0.0  # the outlier itself counts for nothing; it only widens the range
    after.kernel.assign(kernel)
    worst, next_worst, *_ = layer_errors(folded, clips(32))
    assert (worst.layer, worst.part) == ("dense_relu", "output")
    assert next_worst.sqnr_db > worst.sqnr_db + 10


def test_the_model_is_left_alone():
    folded = fold_batch_norms(residual_network())
    before, features = folded.get_weights(), clips(4)
    logits = folded(features).numpy()
    layer_errors(folded, features)
    for old, new in zip(before, folded.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)
    np.testing.assert_array_equal(folded(features).numpy(), logits)
    assert isinstance(folded, keras.Model)


def test_signal_to_noise():
    signal = np.array([1.0, -1.0, 1.0, -1.0])
    assert signal_to_noise_db(signal, signal + 0.1) == pytest.approx(20.0)
    assert signal_to_noise_db(signal, signal) == 200.0
    assert signal_to_noise_db(np.zeros(4), np.ones(4)) < -200
