from __future__ import annotations

import pytest

from edge_asr.training import model_cost
from edge_asr.training.model_cost import ModelCost, macs, parameters, zoo_table
from edge_asr.zoo.build import build_model
from edge_asr.zoo.spec import ArticleCnn, CtcNet, DsCnn, ResDsCnn


@pytest.mark.parametrize(("size", "millions"), [("s", 5.4), ("m", 19.8), ("l", 56.9)])
def test_ds_cnn_computes_what_hello_edge_states(size: str, millions: float) -> None:
    """Two operations a multiply-accumulate; the paper's sum has pooling and biases too, below 2 percent."""
    operations = 2 * macs(build_model(DsCnn(size), (49, 10, 1), 12, seed=0))
    assert operations / 1e6 == pytest.approx(millions, rel=0.02)


def test_multiply_accumulates_by_hand() -> None:
    stem, depthwise, pointwise = 5 * 5 * 8 * (6 * 5), 9 * 8 * (3 * 3), 8 * 16 * (3 * 3)
    spec = ResDsCnn(stem_channels=8, channels=(16,), strides=(2,))
    assert macs(build_model(spec, (11, 10, 1), 3, seed=0)) == stem + depthwise + pointwise + 16 * 3


def test_parameters_by_hand() -> None:
    model = build_model(ResDsCnn(stem_channels=8, channels=(16,)), (11, 10, 1), 3, seed=0)
    assert parameters(model) == (25 * 8 + 2 * 8) + (9 * 8 + 2 * 8) + (8 * 16 + 2 * 16) + (16 * 3 + 3)


def test_the_table_has_a_row_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = (("small", DsCnn("s"), "dscnn"), ("article", ArticleCnn(filters=(4, 4), dense=8), "psf"))
    networks += (("ctc", CtcNet(channels=(16,), kernels=(5,)), "logmel40"),)
    monkeypatch.setattr(model_cost, "ZOO", networks)
    small, article, ctc = zoo_table()
    assert small == ModelCost("small", "dscnn", (49, 10, 1), 23180, 2656768, small.int8_bytes)
    assert article.input_shape == (98, 13, 1)
    assert ctc.input_shape == (11 + 49, 40, 1)  # what the first output sees of the past, and a second
    assert ctc.macs > 25 * 16 * model_cost.CHARACTERS  # 25 outputs of all tokens, and more
    assert 23180 < small.int8_bytes < 50_000  # a byte a weight, and some for scales and operators
