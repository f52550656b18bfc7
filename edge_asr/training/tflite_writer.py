"""Write `.tflite` files with every equal vector and table in them once."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray

BUFFER_ALIGNMENT = 16
"""Bytes; the schema's `force_align` of a buffer's data."""


def pack(content: Any) -> bytes:
    """The inverse of `tflite_file.unpack`. Equal contents give equal bytes."""
    builder = _SharingBuilder(1024)
    builder.Finish(content.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


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
