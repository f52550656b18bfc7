"""What can't stream is refused with the layer and the remedy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from edge_asr.errors import ConversionError
from edge_asr.training.fake_quant import simulate_int8
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.streaming import streaming_model
from edge_asr.zoo.build import build_model
from edge_asr.zoo.spec import ArticleCnn, DsCnn, ModelSpec, ResDsCnn
from tests.training.causal_models import simulated

SHAPE = (16, 6, 1)


def network(*chain) -> keras.Model:
    """A simulated int8 model: convolution, `chain`, global pooling."""
    x = inputs = keras.Input(SHAPE, name="features")
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(x)
    for layer in chain:
        x = layer(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return simulate_int8(keras.Model(inputs, layers.Dense(2, name="logits")(x)), np.ones((2, *SHAPE), np.float32))


def branches(left, right):
    """A residual of two layers."""

    def call(x):
        return layers.Add(name="add")([left(x), right(x)])

    return call


@pytest.mark.parametrize("spec", [DsCnn("s"), ResDsCnn()], ids=str)
def test_networks_that_pad_in_time(spec: ModelSpec):
    folded = fold_batch_norms(build_model(spec, (49, 40, 1), 2, 0))
    model = simulate_int8(folded, np.ones((1, 49, 40, 1), np.float32))
    with pytest.raises(ConversionError, match=r"layer 'stem' pads in time .*'same'.*model\.causal = true"):
        streaming_model(model, 4)


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        ([layers.Conv2D(4, (3, 1), padding="same", name="odd")], "'odd' pads in time"),
        ([layers.MaxPooling2D((2, 1), (1, 1), padding="same", name="odd")], "'odd' pads in time"),
        ([layers.ZeroPadding2D(((1, 0), (0, 0)), name="odd")], r"'odd' \(ZeroPadding2D\) has no streaming form"),
        ([layers.Reshape((7, 2, 16), name="odd")], r"'odd' \(Reshape\) has no streaming form"),
        ([layers.Conv2D(4, (3, 1), strides=(2, 1), name="odd")], "'odd' leaves out the newest 1 of its 14 frames"),
        (
            [branches(layers.Conv2D(4, 1, name="one"), layers.Conv2D(4, (14, 4), name="all"))],
            r"'add' \(Add\) has no streaming form",
        ),
    ],
)
def test_layers_that_mix_frames_otherwise(chain, reason):
    with pytest.raises(ConversionError, match=reason):
        streaming_model(network(*chain), 2)


@pytest.mark.parametrize(("name", "step", "stride"), [("ds_tc_resnet", 3, 2), ("odd", 6, 4), ("ds_cnn", 1, 2)])
def test_steps_that_do_not_fit_the_stride(name, step, stride):
    with pytest.raises(ConversionError, match=rf"multiple of {stride} frames.*found {step}: detect\.step_ms.*{stride} hops"):
        streaming_model(simulated(name), step)


@pytest.mark.parametrize("step", [0, 38, 40])
def test_steps_as_long_as_the_window(step):
    with pytest.raises(ConversionError, match=rf"shorter than the window of 38 frames, found {step}"):
        streaming_model(simulated("ds_tc_resnet"), step)


@pytest.mark.parametrize(
    ("chain", "states"),
    [
        ([], [2, 12]),
        ([layers.Conv2D(4, (1, 3), padding="same", name="bands")], [2, 12]),
        ([layers.Conv2D(4, (3, 1), dilation_rate=(2, 1), name="dilated")], [2, 4, 8]),
        ([branches(layers.Conv2D(4, 1, name="one"), layers.ReLU(name="relu"))], [2, 12]),
        ([layers.Cropping2D(((4, 0), (1, 0)), name="newest")], [2, 8]),
        ([layers.Cropping2D(((1, 3), (0, 1)), name="middle")], [2, 3, 8]),
        ([branches(layers.Cropping2D(((1, 2), (0, 0))), layers.Conv2D(4, (4, 1), name="convolved"))], [2, 3, 9]),
        ([branches(layers.Cropping2D(((3, 0), (0, 0))), layers.Conv2D(4, (4, 1), name="convolved"))], [2, 3, 9]),
    ],
)
def test_states_are_no_longer_than_needed(chain, states):
    """Frames: kernel as dilated less stride, and for the mean of 16 - 2 (- ...) frames those that are not new; where two layers
    look back on the same frames, one state for both."""
    model = streaming_model(network(*chain), 2)
    assert [state.shape[1] for state in model.inputs[1:]] == states


def test_networks_that_are_causal_as_they_are_can_stream():
    """The beginners' network pads nothing; an even number of frames behind its convolutions suits the pooling."""
    model = fold_batch_norms(build_model(ArticleCnn(filters=(4, 4), dense=8), (20, 13, 1), 2, 0))
    streaming = streaming_model(simulate_int8(model, np.ones((1, 20, 13, 1), np.float32)), 4)
    assert [state.shape[1] for state in streaming.inputs[1:]] == [2, 2, 6]


def test_states_are_rounded_as_what_the_layer_reads():
    """Else the converter is free to give them another scale."""
    window = simulated("ds_tc_resnet")
    stream = streaming_model(window, 4)
    loud = [np.full(state.shape, 1e6, np.float32) for state in stream.inputs[1:]]
    _, *states = stream([np.zeros(stream.inputs[0].shape, np.float32), *loud])
    oldest = states[2].numpy()[0, 0]  # of the second block's four frames: two are new
    np.testing.assert_allclose(oldest, window.get_layer("block1_relu_range").high.numpy(), rtol=1e-6)  # float32
