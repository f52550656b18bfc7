from __future__ import annotations

from math import prod
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from edge_asr.errors import ConfigError
from edge_asr.zoo.build import build_model
from edge_asr.zoo.spec import ArticleCnn, BcResNet, DsCnn, DsTcResNet, ModelSpec, ResDsCnn, model_spec

MFCC, LOG_MEL = (49, 10, 1), (49, 40, 1)
SPECS: list[ModelSpec] = [
    DsCnn("s"),
    DsCnn("m"),
    DsCnn("l"),
    ResDsCnn(),
    ResDsCnn(channels=(32, 48, 48), strides=(1, 2, 1)),
    BcResNet(1.0),
    ArticleCnn(),
]
CAUSAL: list[ModelSpec] = [
    DsCnn("s", causal=True),
    DsCnn("m", causal=True),
    ResDsCnn(channels=(32, 48, 48), strides=(1, 2, 1), causal=True),
    DsTcResNet(kernels=(5, 5, 7, 7)),
    BcResNet(1.0, dilations=(1, 1, 1, 2), causal=True),
]
CONVERTIBLE = (
    layers.InputLayer,
    layers.Conv2D,
    layers.DepthwiseConv2D,
    layers.BatchNormalization,
    layers.ReLU,
    layers.Add,
    layers.AveragePooling2D,
    layers.GlobalAveragePooling2D,
    layers.MaxPooling2D,
    layers.Dense,
    layers.Dropout,
    layers.Flatten,
    layers.Reshape,
    layers.Cropping2D,
    layers.ZeroPadding2D,
)


def trained_numbers(model: Any) -> int:
    return sum(prod(variable.shape) for variable in model.trainable_variables)


@pytest.mark.parametrize(("size", "kilobytes"), [("s", 38.6), ("m", 189.2), ("l", 497.6)])
def test_ds_cnn_needs_the_memory_that_hello_edge_states(size: str, kilobytes: float) -> None:
    """Its tables state a byte for each folded weight and bias, and for the largest input and output of one layer."""
    model = build_model(DsCnn(size), MFCC, 12, seed=0)
    gammas = sum(prod(layer.gamma.shape) for layer in model.layers if isinstance(layer, layers.BatchNormalization))
    convolutions = [layer for layer in model.layers if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D))]
    activations = max(prod(layer.input.shape[1:]) + prod(layer.output.shape[1:]) for layer in convolutions)
    assert round((trained_numbers(model) - gammas + activations) / 1000, 1) == kilobytes


@pytest.mark.parametrize(("tau", "thousands"), [(1, 9.2), (3, 54.2), (8, 321)])
def test_bc_resnet_has_the_parameters_of_the_paper(tau: int, thousands: float) -> None:
    """Table 1 of arXiv 2106.04140, whose sub-spectral norms have 5 scales and offsets a channel where this has one."""
    model = build_model(BcResNet(float(tau)), LOG_MEL, 12, seed=0)
    sub_bands = sum(4 * 2 * prod(layer.gamma.shape) for layer in model.layers if layer.name.endswith("_frequency_bn"))
    digits = 1 if thousands < 100 else None
    assert round((trained_numbers(model) + sub_bands) / 1000, digits) == thousands


def test_article_cnn_is_the_network_of_the_article() -> None:
    model = build_model(ArticleCnn(), (20, 13, 1), 10, seed=0)
    flat = 8 * 4 * 64  # two valid 3x3 convolutions take off 4, pooling halves: 20x13 to 8x4
    assert trained_numbers(model) == (9 * 32 + 32) + (9 * 32 * 64 + 64) + (flat * 128 + 128) + (128 * 10 + 10)
    kinds = [type(layer).__name__ for layer in model.layers[1:]]
    assert kinds == [
        "Conv2D",
        "ReLU",
        "Conv2D",
        "ReLU",
        "MaxPooling2D",
        "Dropout",
        "Flatten",
        "Dense",
        "ReLU",
        "Dropout",
        "Dense",
    ]
    assert [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)] == [0.25, 0.5]


@pytest.mark.parametrize("spec", [*SPECS, *CAUSAL], ids=str)
def test_networks_are_built_from_what_converts_and_end_in_logits(spec: ModelSpec) -> None:
    model = build_model(spec, LOG_MEL, 5, seed=0)
    assert all(isinstance(layer, CONVERTIBLE) for layer in model.layers)
    assert model.output.shape == (None, 5)
    assert model.layers[-1].activation is keras.activations.linear
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            assert not layer.input._keras_history.operation.use_bias


@pytest.mark.parametrize("spec", [*SPECS, *CAUSAL], ids=str)
def test_a_seed_gives_the_weights_and_every_layer_its_own(spec: ModelSpec) -> None:
    one, same, other = (build_model(spec, LOG_MEL, 5, seed) for seed in (1, 1, 2))
    assert [layer.name for layer in one.layers] == [layer.name for layer in same.layers]  # none is numbered by Keras
    for left, right in zip(one.get_weights(), same.get_weights()):
        np.testing.assert_array_equal(left, right)
    kernels = [v for v in zip(one.trainable_variables, other.trainable_variables) if "kernel" in v[0].path]
    assert not any(np.array_equal(left, right) for left, right in kernels)
    firsts = {float(np.ravel(left)[0]) for left, _ in kernels}
    assert len(firsts) == len(kernels)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_every_part_of_the_input_is_heard(spec: ModelSpec) -> None:
    model = build_model(spec, LOG_MEL, 3, seed=0)
    clips = np.random.default_rng(0).normal(size=(1, *LOG_MEL)).astype(np.float32).repeat(5, axis=0)
    clips[1, :5] += 3
    clips[2, -5:] += 3
    clips[3, :, :5] += 3
    clips[4, :, -5:] += 3
    logits = keras.ops.convert_to_numpy(model(clips))
    changes = np.abs(logits[1:] - logits[0]).max(axis=1) / np.abs(logits[0]).max()
    assert (changes > 1e-2).all()  # float32 alone changes some millionths


def test_bc_resnet_computes_the_same_from_real_frames_in_both_forms() -> None:
    """What padding did not touch: the causal form only leaves the rest out, so it can begin with the padded one's weights."""
    causal, padded = (BcResNet(1.0, dilations=(1, 2, 2, 3), causal=form) for form in (True, False))
    models = [build_model(spec, (90, 40, 1), 3, seed=0) for spec in (causal, padded)]
    models[1].set_weights(models[0].get_weights())
    clip = np.random.default_rng(0).normal(size=(1, 90, 40, 1)).astype(np.float32)
    short, whole = (
        keras.ops.convert_to_numpy(keras.Model(model.input, model.get_layer("head_pointwise_relu").output)(clip))
        for model in models
    )
    surplus = whole.shape[1] - short.shape[1]
    assert (surplus, short.shape[1]) == (4 + 4 * 3 + 8 * 5, 30)
    np.testing.assert_allclose(short, whole[:, surplus // 2 : -surplus // 2], atol=1e-3 * short.std())
    assert short.std(axis=1).max() > 0.1 * short.std()  # it changes from frame to frame


@pytest.mark.parametrize("frames", [49, 50, 51, 52])
@pytest.mark.parametrize("spec", CAUSAL, ids=str)
def test_a_causal_network_hears_the_newest_frame_and_every_band(spec: ModelSpec, frames: int) -> None:
    """Where a stride does not come out even, the old end is left out. (Its weight is small: few outputs see it.)

    BC-ResNet hears the very newest frames through all its convolutions over time only, which is next to nothing before training.
    """
    model = build_model(spec, (frames, 40, 1), 3, seed=0)
    clips = np.random.default_rng(0).normal(size=(1, frames, 40, 1)).astype(np.float32).repeat(4, axis=0)
    clips[1, -16 if isinstance(spec, BcResNet) else -1 :] += 10
    clips[2, :, 0] += 10
    clips[3, :, -1] += 10
    logits = keras.ops.convert_to_numpy(model(clips))
    changes = np.abs(logits[1:] - logits[0]).max(axis=1) / np.abs(logits[0]).max()
    assert (changes > 1e-2).all()  # float32 alone changes some millionths


@pytest.mark.parametrize("spec", CAUSAL, ids=str)
def test_a_causal_network_adds_no_frames(spec: ModelSpec) -> None:
    """Later is the same, later: what it makes of a clip does not depend on where in the window the clip lies."""
    long, short = 61, 53  # 8 frames less: a multiple of every stride here
    clip = np.random.default_rng(0).normal(size=(1, long, 40, 1)).astype(np.float32)
    found = []
    for frames in (long, short):
        model = build_model(spec, (frames, 40, 1), 3, seed=0)
        columns = keras.Model(model.input, model.get_layer("pool").input)
        found.append(keras.ops.convert_to_numpy(columns(clip[:, long - frames :])))
    kept = found[1].shape[1]
    assert 0 < kept < found[0].shape[1]
    np.testing.assert_allclose(found[0][:, -kept:], found[1], rtol=0, atol=1e-5)  # float32 sums in another order


def test_residual_blocks_add_where_shapes_agree() -> None:
    spec = ResDsCnn(stem_channels=16, channels=(16, 32, 32, 32), strides=(1, 1, 2, 1))
    names = [layer.name for layer in build_model(spec, LOG_MEL, 3, seed=0).layers if isinstance(layer, layers.Add)]
    assert names == ["block1_add", "block4_add"]


def test_an_input_that_is_too_small_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"article_cnn.*4 frames by 4 features"):
        build_model(ArticleCnn(), (4, 4, 1), 3, seed=0)


@pytest.mark.parametrize("frames", [1, 2, 3, 30])
def test_a_clip_that_is_too_short_for_a_causal_network_is_refused(frames: int) -> None:
    with pytest.raises(ConfigError, match=f"{frames} frames by 40 features"):
        build_model(DsTcResNet(), (frames, 40, 1), 3, seed=0)


def test_ds_tc_resnet_must_have_a_kernel_a_block() -> None:
    with pytest.raises(ConfigError, match=r"channels and kernels.*\[80, 80\] and \[7\]"):
        model_spec({"arch": "ds_tc_resnet", "channels": [80, 80], "kernels": [7]}, source="recipe.toml")


@pytest.mark.parametrize("table", [{"channels": []}, {"channels": [8, 8, 8], "strides": [1, 2]}])
def test_blocks_and_strides_must_agree(table: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="channels"):
        model_spec({"arch": "res_ds_cnn", **table}, source="recipe.toml")
