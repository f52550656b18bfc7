"""From a model's spec to a Keras model. Imports Keras; `edge_asr.zoo.spec` does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from edge_asr.errors import ConfigError
from edge_asr.zoo.article_cnn import article_cnn
from edge_asr.zoo.bc_resnet import bc_resnet
from edge_asr.zoo.ctc_net import ctc_net
from edge_asr.zoo.ds_cnn import ds_cnn
from edge_asr.zoo.ds_tc_resnet import ds_tc_resnet
from edge_asr.zoo.layers import Tensor, layer_seeds
from edge_asr.zoo.res_ds_cnn import res_ds_cnn
from edge_asr.zoo.spec import ARCHITECTURES, ModelSpec

_NETWORKS: dict[str, Callable[..., Tensor]] = {
    "ds_cnn": ds_cnn,
    "res_ds_cnn": res_ds_cnn,
    "ds_tc_resnet": ds_tc_resnet,
    "bc_resnet": bc_resnet,
    "article_cnn": article_cnn,
    "ctc_net": ctc_net,
}


def build_model(spec: ModelSpec, input_shape: tuple[int | None, int, int], classes: int, seed: int) -> Any:
    """A functional `keras.Model`: float32 (batch, frames, features, 1) to logits (batch, classes).

    `CtcNet` gives logits (batch, output frames, classes), and its number of frames may be None: any. The first weights and
    the dropout masks follow from `seed` (on one Keras backend). Raises `ConfigError` when the input is too small for the
    network.
    """
    name = next(name for name, cls in ARCHITECTURES.items() if cls is type(spec))
    inputs = keras.Input(input_shape, name="features")
    try:
        model = keras.Model(inputs, _NETWORKS[name](inputs, spec, classes, layer_seeds(seed)), name=name)
        _check_outputs(model)
    except ValueError as err:
        raise ConfigError(
            f"model.arch {name!r} does not fit an input of {input_shape[0]} frames by {input_shape[1]} features "
            f"(use a longer data.clip_seconds, more features, a smaller stride or smaller dilations): {err}"
        ) from err
    return model


def _check_outputs(model: Any) -> None:
    """Raise `ValueError` for a layer without output: up to version 3.12, Keras lets it pass."""
    for layer in model.layers:
        if any(size is not None and size < 1 for size in layer.output.shape):
            raise ValueError(f"layer {layer.name!r} would put out {layer.output.shape}")
