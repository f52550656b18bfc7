from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from edge_asr.errors import ConversionError
from edge_asr.training.fold import fold_batch_norms
from tests.training.quant_models import SHAPE, clips, pooling_network, residual_network


@pytest.mark.parametrize("network", [residual_network, pooling_network])
def test_folded_model_computes_the_same_without_batch_norm_and_dropout(network):
    model = network()
    folded = fold_batch_norms(model)
    kinds = {type(layer) for layer in folded.layers}
    assert not kinds & {layers.BatchNormalization, layers.Dropout}
    assert [layer.name for layer in folded.layers] == [
        layer.name for layer in model.layers if not isinstance(layer, (layers.BatchNormalization, layers.Dropout))
    ]
    features = clips(32)
    wanted, found = model(features, training=False).numpy(), folded(features, training=False).numpy()
    # float32 has 1.2e-7 of resolution; sums of a few dozen products in another order lose a few bits of it.
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())


def test_the_model_itself_is_left_alone():
    model = residual_network()
    before = model.get_weights()
    fold_batch_norms(model)
    for old, new in zip(before, model.get_weights()):
        np.testing.assert_array_equal(old, new)


def _reads_an_activation(x):
    return layers.BatchNormalization(name="norm")(layers.Conv2D(2, 3, activation="relu", name="conv")(x))


def _reads_a_pool(x):
    return layers.BatchNormalization(name="norm")(layers.MaxPooling2D(2)(layers.Conv2D(2, 3)(x)))


def _shares_its_convolution(x):
    y = layers.Conv2D(2, 3, name="conv")(x)
    return layers.Add()([layers.BatchNormalization(name="norm")(y), y])


def _normalises_another_axis(x):
    return layers.BatchNormalization(axis=1, name="norm")(layers.Conv2D(2, 3)(x))


@pytest.mark.parametrize("body", [_reads_an_activation, _reads_a_pool, _shares_its_convolution, _normalises_another_axis])
def test_a_batch_norm_that_can_not_fold_is_named(body):
    inputs = keras.Input(SHAPE)
    outputs = layers.Dense(2)(layers.GlobalAveragePooling2D()(body(inputs)))
    with pytest.raises(ConversionError, match="'norm' can't be folded"):
        fold_batch_norms(keras.Model(inputs, outputs))


def test_odd_models_are_refused():
    with pytest.raises(ConversionError, match="functional"):
        fold_batch_norms(keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(2)]))
    inputs = keras.Input((4,))
    with pytest.raises(ConversionError, match="frames, features"):
        fold_batch_norms(keras.Model(inputs, layers.Dense(2)(inputs)))
    inputs = keras.Input((4, 4, 1))
    shared = layers.Conv2D(1, 1, name="shared")
    twice = layers.Dense(2)(layers.Flatten()(shared(shared(inputs))))
    with pytest.raises(ConversionError, match="used more than once"):
        fold_batch_norms(keras.Model(inputs, twice))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value):
    model = residual_network()
    layer = model.get_layer("pointwise")
    kernel = layer.kernel.numpy()
    kernel[0, 0, 3, 3] = value
    layer.kernel.assign(kernel)
    with pytest.raises(ConversionError, match=r"'pointwise'.*not finite"):
        fold_batch_norms(model)
