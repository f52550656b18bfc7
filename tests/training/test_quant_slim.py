from __future__ import annotations

import numpy as np
import pytest
from tensorflow.lite.python import schema_py_generated as schema

from edge_asr.runtime.interpreter import Interpreter
from edge_asr.training.convert import convert_int8
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.ptq import post_training
from edge_asr.training.slim import slim
from edge_asr.training.tflite_file import check_int8, operator_counts, unpack
from edge_asr.zoo.build import build_model
from edge_asr.zoo.spec import ResDsCnn
from tests.training.quant_models import clips, pooling_network, residual_network


def _zoo_network():
    return build_model(ResDsCnn(stem_channels=16, channels=(24, 24)), (12, 8, 1), 4, 1)


@pytest.fixture(scope="module", params=[residual_network, pooling_network, _zoo_network], ids=lambda n: n.__name__)
def model(request):
    return convert_int8(post_training(fold_batch_norms(request.param()), clips(32)))


@pytest.mark.parametrize("kernels", ["default", "builtin"])
def test_same_bits_from_both_kernel_sets(model, kernels):
    before, after = Interpreter(model, kernels=kernels), Interpreter(slim(model), kernels=kernels)
    assert (before.input, before.output) == (after.input, after.output)
    rng = np.random.default_rng(3)
    for _ in range(200):
        values = rng.integers(-128, 128, before.input.shape).astype(np.int8)
        np.testing.assert_array_equal(after.invoke(values), before.invoke(values))


def test_at_least_a_quarter_is_saved(model):
    """Measured: 28 to 45 % here; names, metadata and repeated zero points are most of a small file."""
    assert len(slim(model)) < 0.75 * len(model)


def test_graph_and_quantisation_parameters_are_kept(model):
    small = slim(model)
    check_int8(small)
    assert operator_counts(small) == operator_counts(model)
    before, after = unpack(model).subgraphs[0].tensors, unpack(small).subgraphs[0].tensors
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(new.shape, old.shape)
        assert new.type == old.type
        if old.quantization.scale is None:
            assert new.quantization is None
            continue
        np.testing.assert_array_equal(new.quantization.scale, old.quantization.scale)
        np.testing.assert_array_equal(new.quantization.zeroPoint, old.quantization.zeroPoint)
        assert new.quantization.quantizedDimension == old.quantization.quantizedDimension


def test_names_and_metadata_are_gone_and_buffers_are_there_once(model):
    content = unpack(slim(model))
    assert content.description is None
    assert not content.metadata
    assert not content.signatureDefs
    assert all(tensor.name is None for tensor in content.subgraphs[0].tensors)
    contents = [b"" if buffer.data is None else buffer.data.tobytes() for buffer in content.buffers]
    assert contents[0] == b""
    assert len(set(contents)) == len(contents)


def test_weights_are_aligned_for_kernels_that_map_the_file(model):
    small = np.frombuffer(slim(model), np.uint8)
    content = schema.Model.GetRootAs(small, 0)
    for index in range(content.BuffersLength()):
        buffer = content.Buffers(index)
        if buffer.DataLength():
            offset = buffer.DataAsNumpy().ctypes.data - small.ctypes.data
            assert offset % 16 == 0  # force_align of Buffer.data in the TFLite schema


def test_slimming_again_changes_nothing(model):
    assert slim(slim(model)) == slim(model)
