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

import flatbuffers
import numpy as np
from numpy.typing import NDArray

from edge_asr.training.tflite_file import unpack

BUFFER_ALIGNMENT = 16
"""Bytes; the schema's `force_align` of a buffer's data."""


def slim(model: bytes) -> bytes:
    """The same model in fewer bytes. `model`: a `.tflite` file with one subgraph. Raises `ConversionError`."""
    content = unpack(model)
    content.description = None
    content.metadata = None
    content.metadataBuffer = None
    content.signatureDefs = None
    subgraph = content.subgraphs[0]
    subgraph.name = None
    for tensor in subgraph.tensors:
        _strip(tensor)
    for operator in subgraph.operators:
        operator.intermediates = operator.mutatingVariableInputs = None
    _keep_used_buffers(content)
    builder = _SharingBuilder(len(model))
    builder.Finish(content.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


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
    for tensor in content.subgraphs[0].tensors:
        buffer = content.buffers[tensor.buffer]
        data = b"" if buffer.data is None else buffer.data.tobytes()
        if data not in places:
            places[data] = len(kept)
            kept.append(buffer)
        tensor.buffer = places[data]
    content.buffers = kept


class _SharingBuilder(flatbuffers.Builder):  # type: ignore[misc,unused-ignore]
    """Writes equal vectors of numbers, and equal tables without references, only once.

    The base class does the same for vtables. What it writes last can be taken back by moving `head`.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._vectors: dict[tuple[str, bytes], int] = {}
        self._tables: dict[tuple[int, bytes], int] = {}
        self._references = False

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:  # noqa: N802 - overrides
        key = (x.dtype.str, x.tobytes())
        if key not in self._vectors:
            if x.dtype == np.uint8:
                self.Prep(BUFFER_ALIGNMENT, x.nbytes)
            self._vectors[key] = super().CreateNumpyVector(x)
        return self._vectors[key]

    def StartObject(self, numfields: int) -> None:  # noqa: N802
        super().StartObject(numfields)
        self._references = False

    def PrependUOffsetTRelativeSlot(self, o: int, x: int, d: int) -> None:  # noqa: N802
        super().PrependUOffsetTRelativeSlot(o, x, d)
        self._references = True

    def EndObject(self) -> int:  # noqa: N802
        end = self.objectEnd
        table = int(super().EndObject())
        if self._references:
            return table
        start = len(self.Bytes) - table
        vtable = table + int.from_bytes(self.Bytes[start : start + 4], "little", signed=True)
        key = (vtable, bytes(self.Bytes[start + 4 : len(self.Bytes) - end]))
        if key in self._tables:
            self.head = len(self.Bytes) - end
        return self._tables.setdefault(key, table)
