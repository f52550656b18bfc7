"""Every architecture maps to the Edge TPU whole, in its window form: each operator, by the compiler's rules."""

from __future__ import annotations

import numpy as np
import pytest

from edge_asr.export.edgetpu import preflight
from edge_asr.training.fold import fold_batch_norms
from edge_asr.training.forms import convert_forms
from edge_asr.training.ptq import post_training
from edge_asr.training.spec import QuantizeSpec
from edge_asr.zoo.build import build_model
from edge_asr.zoo.spec import ARCHITECTURES, ArticleCnn, BcResNet, CtcNet, DsCnn, DsTcResNet, ModelSpec, ResDsCnn, field_frames

SPECS: list[ModelSpec] = [
    DsCnn("s"),
    DsCnn("l"),
    DsCnn("s", causal=True),
    ResDsCnn(channels=(16, 16, 24), strides=(1, 1, 2)),
    ResDsCnn(channels=(16, 16, 24), strides=(1, 1, 2), causal=True),
    DsTcResNet(channels=(16, 16, 24), kernels=(5, 7, 7)),
    BcResNet(0.5),
    BcResNet(0.5, dilations=(1, 1, 1, 2), causal=True),
    ArticleCnn(dense=16),
    CtcNet(8, channels=(16, 16, 24), kernels=(5, 7, 9), strides=(1, 2, 1)),
    CtcNet(8, channels=(16, 16), kernels=(5,), dilations=(1, 4)),
]
CLASSES = 12


def test_every_architecture_is_here() -> None:
    assert {type(spec) for spec in SPECS} == set(ARCHITECTURES.values())


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_all_operators_map(spec: ModelSpec) -> None:
    field = field_frames(spec) if isinstance(spec, CtcNet) else 0
    shape = (field + 32 if field else 49, 40, 1)
    network = fold_batch_norms(build_model(spec, shape, CLASSES, seed=0))
    clip = np.random.default_rng(0).standard_normal((1, *shape), dtype=np.float32)
    model = convert_forms(post_training(network, clip), QuantizeSpec(), 4, field_frames=field).parts["window"].content
    report = preflight(model)
    assert report.on_cpu == ()
    assert len(report.operators) > 5
