"""Which layers of a stream can do with one state: those that look back on what comes from one output."""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import layers

from edge_asr.training.graph import Links
from edge_asr.training.time_axis import READS_FRAMES, frames_read, time_stride

_DEAR = (layers.Conv2D, layers.Dense)
"""Not worth computing again for older frames: they mix all channels."""


@dataclass(frozen=True)
class SharedState:
    """Older frames of one layer's output, and the layers whose outputs have as many because they are computed from them."""

    frames: int
    layers: frozenset[str]


def shared_state(model: keras.Model, graph: Links, name: str, new: int) -> SharedState | None:
    """The state that several layers behind the layer `name` share; None where fewer than two look back.

    `model`: functional, its input a whole window. `new`: frames that one step brings at the output of `name`. In a residual
    block that is the frames that its longest path looks back on. Raises `ConversionError` as `frames_read` does.
    """
    if len(graph.readers[name]) < 2:
        return None  # a layer behind it is nearer to those that look back
    having, asked = {name}, []
    for layer in model.layers:
        sources = graph.sources[layer.name]
        if having.isdisjoint(sources):
            continue
        older = frames_read(layer, new) - new if isinstance(layer, READS_FRAMES) else 0
        if older > 0:
            asked.append(older)
        elif having.issuperset(sources) and not isinstance(layer, _DEAR) and time_stride(layer) == 1:
            having.add(layer.name)
    return SharedState(max(asked), frozenset(having)) if len(asked) > 1 else None
