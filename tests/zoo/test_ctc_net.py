from __future__ import annotations

from math import prod

import keras
import numpy as np
import pytest

from edge_asr.errors import ConfigError
from edge_asr.zoo.build import build_model
from edge_asr.zoo.spec import CtcNet, field_frames, model_spec, model_table, pads_in_time, stride_frames

FEATURES, TOKENS = 40, 30
SMALL = CtcNet(channels=(128,) * 6, kernels=(5, 5, 5, 7, 7, 9))
LARGE = CtcNet(channels=(384,) * 7, kernels=(3, 5, 5, 7, 7, 7, 9))
SPECS = [
    CtcNet(8, channels=(16, 16, 16), kernels=(3, 5, 7)),
    CtcNet(8, stem_stride=(1, 2), channels=(16, 16, 24), kernels=(5,), dilations=(1, 2, 4)),
    CtcNet(8, channels=(16, 16, 24, 24), kernels=(3, 4, 3, 2), strides=(1, 2, 1, 1)),
    CtcNet(8, stem_kernel=(3, 3), stem_stride=(4, 4), channels=(16,), kernels=(9,)),
]


def network(spec: CtcNet, frames: int | None = None) -> keras.Model:
    return build_model(spec, (frames, FEATURES, 1), TOKENS, seed=0)


def noise(frames: int, clips: int = 1) -> np.ndarray:
    return np.random.default_rng(frames).standard_normal((clips, frames, FEATURES, 1), dtype=np.float32)


def logits(model: keras.Model, features: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(model(features, training=False))


@pytest.mark.parametrize(
    ("spec", "thousands", "seconds"), [(SMALL, 135, 1.38), (CtcNet(), 466, 1.54), (LARGE, 1145, 1.54)], ids=str
)
def test_the_sizes_of_its_docstring(spec: CtcNet, thousands: int, seconds: float) -> None:
    assert round(sum(prod(weight.shape) for weight in network(spec).weights) / 1000) == thousands
    assert field_frames(spec) * 0.02 == pytest.approx(seconds)  # a hop of 20 ms


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_as_many_output_frames_as_field_and_stride_say(spec: CtcNet) -> None:
    model, field, stride = network(spec), field_frames(spec), stride_frames(spec)
    assert model.output.shape == (None, None, TOKENS)
    for frames in range(field, field + 2 * stride + 2):
        assert logits(model, noise(frames)).shape == (1, (frames - field) // stride + 1, TOKENS)
    assert network(spec, field + 6 * stride).output.shape == (None, 7, TOKENS)
    with pytest.raises(ConfigError):
        network(spec, field - stride)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_an_output_frame_comes_from_its_field_alone_wherever_it_is(spec: CtcNet) -> None:
    model, field, stride = network(spec), field_frames(spec), stride_frames(spec)
    utterance = noise(field + 5 * stride)
    whole = logits(model, utterance)[0]
    fixed = network(spec, field + stride)
    for number in range(5):
        start = number * stride
        # Convolutions of other lengths may add in another order: some millionths.
        np.testing.assert_allclose(logits(model, utterance[:, start : start + field])[0, 0], whole[number], atol=1e-5)
        np.testing.assert_allclose(logits(fixed, utterance[:, start:][:, : field + stride])[0, 0], whole[number], atol=1e-5)
    for outermost in (2 * stride, 2 * stride + field - 1):  # of output frame 2: the field is no smaller
        changed = utterance.copy()
        changed[:, outermost] += 30
        assert np.abs(logits(model, changed)[0, 2] - whole[2]).max() > 1e-4


def test_a_block_adds_its_input_as_the_newest_tap_saw_it() -> None:
    """With kernels of zeros what is left is the residual path: the stem's newest column."""
    spec = CtcNet(8, channels=(16, 16), kernels=(5,), dilations=(1, 2))
    model, field = network(spec), field_frames(spec)
    for name in ("block1_pointwise", "block2_pointwise"):
        layer = model.get_layer(name)
        layer.kernel.assign(np.zeros(layer.kernel.shape))
    utterance = noise(field)
    changed = utterance.copy()
    changed[:, : field - spec.stem_kernel[0]] += 10
    np.testing.assert_allclose(logits(model, changed), logits(model, utterance), atol=1e-6)  # float32 rounding


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"channels": []}, "channels must name at least one block"),
        ({"channels": [8, 8], "kernels": [3, 3, 3]}, r"kernels must be one number or as many as channels \(2\)"),
        ({"channels": [8, 8], "kernels": [3], "strides": [1, 1, 2]}, "strides must be one number"),
        ({"channels": [8], "kernels": [3], "strides": [2], "dilations": [2]}, "strides must be 1 in a block that is dilated"),
    ],
)
def test_settings_that_make_no_network(settings: dict, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        model_spec({"arch": "ctc_net", **settings}, source="recipe.toml")


def test_it_is_in_recipes_and_can_stream() -> None:
    spec = model_spec({"arch": "ctc_net", "channels": [64, 64], "kernels": [5, 7]}, source="recipe.toml")
    assert spec == CtcNet(channels=(64, 64), kernels=(5, 7))
    assert model_spec(model_table(spec), source="again") == spec
    assert not pads_in_time(spec)
