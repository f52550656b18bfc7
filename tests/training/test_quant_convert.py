from __future__ import annotations

import flatbuffers
import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from edge_asr.errors import ConversionError
from edge_asr.training.convert import convert_int8
from edge_asr.training.fake_quant import simulate_int8
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.layer_error import signal_to_noise_db
from edge_asr.training.ptq import post_training
from edge_asr.training.tflite_file import check_int8, operator_counts, unpack
from tests.training.quant_models import SHAPE, clips, pooling_network, residual_network, run_int8

OPERATORS = {
    residual_network: {"ADD": 1, "CONV_2D": 2, "DEPTHWISE_CONV_2D": 1, "FULLY_CONNECTED": 1, "MEAN": 1},
    pooling_network: {
        "AVERAGE_POOL_2D": 1,
        "CONV_2D": 1,
        "DEPTHWISE_CONV_2D": 1,
        "FULLY_CONNECTED": 2,
        "MAX_POOL_2D": 1,
        "RESHAPE": 1,
    },
}


@pytest.fixture(scope="module", params=list(OPERATORS), ids=lambda network: network.__name__)
def converted(request):
    folded = fold_batch_norms(request.param())
    simulated = post_training(folded, clips(64))
    return request.param, folded, simulated, convert_int8(simulated)


def test_all_int8_static_and_per_channel(converted):
    network, folded, _, model = converted
    assert operator_counts(model) == OPERATORS[network]
    subgraph = unpack(model).subgraphs[0]
    types = {tensor.type for tensor in subgraph.tensors}
    assert types <= {schema.TensorType.INT8, schema.TensorType.INT32}
    ends = [subgraph.tensors[i] for i in (*subgraph.inputs, *subgraph.outputs)]
    assert [(tensor.type, tensor.shape.tolist()) for tensor in ends] == [
        (schema.TensorType.INT8, [1, *SHAPE]),
        (schema.TensorType.INT8, [1, 4]),
    ]
    outputs = sorted(int(np.prod(layer.bias.shape)) for layer in folded.layers if layer.weights)
    many = [t for t in subgraph.tensors if t.type == schema.TensorType.INT8 and len(t.quantization.scale) > 1]
    assert sorted(len(t.quantization.scale) for t in many) == outputs


def test_within_two_steps_of_the_simulated_graph(converted):
    """The simulation rounds what the int8 graph rounds, in float; only its products are not rounded to the int8 graph's
    fixed-point multipliers, so that a tie falls the other way now and then: one step, two after the addition."""
    _, _, simulated, model = converted
    features = clips(100, seed=2)
    exact = simulated(features, training=False).numpy()
    for kernels in ("default", "builtin"):
        found, step = run_int8(model, features, kernels)
        assert np.abs(found - exact).max() <= 2.01 * step


def test_close_to_the_float_network(converted):
    """Five or so roundings to 256 steps over the whole range, each some 45 dB below its signal, come to about 38 dB; a wrong
    scale, a lost bias or a swapped channel leaves less than 20."""
    _, folded, _, model = converted
    features = clips(100, seed=2)
    assert signal_to_noise_db(folded(features, training=False).numpy(), run_int8(model, features)[0]) > 30


def test_equal_models_give_equal_bytes(converted):
    network, _, _, model = converted
    assert convert_int8(post_training(fold_batch_norms(network()), clips(64))) == model


def test_the_converter_is_not_heard(capfd):
    convert_int8(post_training(fold_batch_norms(pooling_network()), clips(4)))
    assert capfd.readouterr() == ("", "")


def test_weights_that_are_not_finite_are_refused():
    simulated = post_training(fold_batch_norms(residual_network()), clips(4))
    simulated.get_layer("logits").bias.assign([0.0, np.nan, 0.0, 0.0])
    with pytest.raises(ConversionError, match=r"'logits'.*not finite"):
        convert_int8(simulated)


def test_a_model_without_ranges_is_refused():
    with pytest.raises(ConversionError, match="activation ranges"):
        convert_int8(fold_batch_norms(residual_network()))


class _Determinant(keras.layers.Layer):
    """Something that TFLite has no operator for."""

    def call(self, x):
        return x * tf.linalg.det(tf.reshape(x, (-1, 2, 2)))[:, None]


class _Sine(keras.layers.Layer):
    """Something that TFLite has in float only."""

    def call(self, x):
        return tf.sin(x)


@pytest.mark.parametrize(("layer", "reason"), [(_Determinant, "'odd'.*MatrixDeterminant"), (_Sine, "int8")])
def test_what_can_not_be_int8_is_refused_with_the_reason(layer, reason):
    simulated = post_training(fold_batch_norms(residual_network()), clips(4))
    odd = keras.Model(simulated.input, layer()(simulated.output), name="odd")
    with pytest.raises(ConversionError, match=reason):
        convert_int8(odd)


@pytest.mark.parametrize(
    "representative",
    [
        clips(0),
        clips(4)[..., 0],
        clips(4).astype(np.float64),
        clips(4)[:, :5],
        np.full((2, *SHAPE), np.nan, np.float32),
        None,
    ],
    ids=["empty", "rank", "dtype", "frames", "nan", "none"],
)
def test_representative_sets_are_checked(representative):
    with pytest.raises(ConversionError, match="representative set"):
        simulate_int8(fold_batch_norms(residual_network()), representative)


def test_other_layers_and_backends_are_refused(monkeypatch):
    with pytest.raises(ConversionError, match=r"'stem_bn'.*fold"):
        simulate_int8(residual_network(), clips(4))
    folded = fold_batch_norms(residual_network())
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ConversionError, match="Keras on TensorFlow, found jax"):
        simulate_int8(folded, clips(4))


def _as_float(subgraph):
    subgraph.tensors[subgraph.operators[0].outputs[0]].type = schema.TensorType.FLOAT32


def _as_dynamic(subgraph):
    subgraph.tensors[subgraph.operators[0].outputs[0]].shapeSignature = np.array([-1, 12, 8, 8], np.int32)


def _as_per_tensor(subgraph):
    quantization = subgraph.tensors[subgraph.operators[0].inputs[1]].quantization
    quantization.scale, quantization.zeroPoint = quantization.scale[:1], quantization.zeroPoint[:1]


def _as_float_input(subgraph):
    subgraph.tensors[subgraph.inputs[0]].type = schema.TensorType.FLOAT32


def _as_batch(subgraph):
    subgraph.tensors[subgraph.inputs[0]].shape = np.array([2, *SHAPE], np.int32)


@pytest.mark.parametrize("damage", [_as_float, _as_dynamic, _as_per_tensor, _as_float_input, _as_batch])
def test_check_int8_refuses(converted, damage):
    check_int8(converted[-1])
    content = unpack(converted[-1])
    damage(content.subgraphs[0])
    builder = flatbuffers.Builder(0)
    builder.Finish(content.Pack(builder), file_identifier=b"TFL3")
    with pytest.raises(ConversionError, match="expected"):
        check_int8(bytes(builder.Output()))


@pytest.mark.parametrize("content", [b"", b"TFL3", b"PK\x03\x04 a zip archive, no model"])
def test_other_files_are_refused(content):
    with pytest.raises(ConversionError, match="TFL3"):
        check_int8(content)
