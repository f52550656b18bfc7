"""Rewrite a `.tflite` file without what no runtime reads, so that more of its bytes are weights.

Left out: tensor names, shape signatures, calibration minima and maxima, metadata, signatures, descriptions, and the
buffers that nothing points at. Written once: equal buffers, and equal vectors and option tables (a FlatBuffer may point
at one place from many). The zero points of per-channel weights and biases are such vectors: they are all zero, and at
eight bytes a channel they otherwise cost as much as the bias and the scale together.

What stays is the same graph with the same, complete quantisation parameters, because XNNPACK, TensorFlow Lite Micro and
the Edge TPU compiler check them; so every kernel set computes the same bits as before.
"""

from __future__ import annotations

from typing import Any

from edge_asr.training.tflite_file import unpack
from edge_asr.training.tflite_writer import pack


def slim(model: bytes) -> bytes:
    """The same model in fewer bytes. `model`: a `.tflite` file. Raises `ConversionError`."""
    content = unpack(model)
    content.description = None
    content.metadata = None
    content.metadataBuffer = None
    content.signatureDefs = None
    for subgraph in content.subgraphs:
        subgraph.name = None
        for tensor in subgraph.tensors:
            _strip(tensor)
        for operator in subgraph.operators:
            operator.intermediates = operator.mutatingVariableInputs = None
    _keep_used_buffers(content)
    return pack(content)


def _strip(tensor: Any) -> None:
    tensor.name = tensor.shapeSignature = None
    tensor.hasRank = False  # the shape itself is always written
    quantization = tensor.quantization
    if quantization is not None:
        quantization.min = quantization.max = None
        if quantization.scale is None:
            tensor.quantization = None


def _keep_used_buffers(content: Any) -> None:
    """Buffer 0 is the empty one, by convention; the others are those with data, each once."""
    kept, places = [content.buffers[0]], {b"": 0}
    for tensor in [tensor for subgraph in content.subgraphs for tensor in subgraph.tensors]:
        buffer = content.buffers[tensor.buffer]
        data = b"" if buffer.data is None else buffer.data.tobytes()
        if data not in places:
            places[data] = len(kept)
            kept.append(buffer)
        tensor.buffer = places[data]
    content.buffers = kept
