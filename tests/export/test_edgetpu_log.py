"""Logs of `edgetpu_compiler`, in the formats of versions 2 to 16."""

from __future__ import annotations

import pytest

from edge_asr.errors import ExportError
from edge_asr.export.edgetpu_log import LogRow, parse_log
from tests.export.stand_in import LOG, PRINTED, table

ROWS = [
    ("CONV_2D", 11, "Mapped to Edge TPU"),
    ("CONV_2D", 2, "More than one subgraph is not supported"),
    ("DEQUANTIZE", 2, "Operation is working on an unsupported data type"),
    ("RESHAPE", 4, "Tensor has unsupported rank (up to 3 innermost dimensions mapped)"),
    ("RESIZE_NEAREST_NEIGHBOR", 1, "Operation version not supported"),
    ("LEAKY_RELU", 3, "Operation not supported"),
    ("TRANSPOSE", 1, "Operation is otherwise supported, but not mapped due to some unspecified limitation"),
    ("FULLY_CONNECTED", 1, "For example, a fully-connected or softmax layer with 2D output"),
    ("NEWER_THAN_THIS", 1, "A status that nobody has seen yet"),
]
LATER_LINES = (
    "See the operation log file for individual operation details.\nCompilation child process completed within timeout period.\n"
)


def test_every_status_is_kept_as_it_is_said() -> None:
    log = parse_log(LOG.format(table=table(ROWS)))
    assert log.rows == tuple(LogRow(*row) for row in ROWS)
    assert log.version == "16.0.384591198"
    assert not log.whole
    assert log.counts["CONV_2D"] == (11, 2)
    assert {name for name, (mapped, _) in log.counts.items() if not mapped} == {name for name, *_ in ROWS[2:]}
    assert (log.cached_bytes, log.streamed_bytes) == (None, None)


def test_what_is_printed_is_taken_where_there_is_no_log() -> None:
    printed = PRINTED.format(folder=".", table=table(ROWS), total=26) + LATER_LINES
    assert parse_log("", printed).rows == parse_log(LOG.format(table=table(ROWS))).rows


def test_the_table_of_the_log_is_not_counted_again_where_it_is_printed() -> None:
    assert parse_log(LOG.format(table=table(ROWS)), PRINTED.format(folder=".", table=table(ROWS), total=26)).counts[
        "CONV_2D"
    ] == (11, 2)


def test_all_mapped() -> None:
    assert parse_log(LOG.format(table=table(ROWS[:1]))).whole


@pytest.mark.parametrize(
    ("on_chip", "off_chip", "found"),
    [
        ("60.25KiB", "0.00B", (61_696, 0)),
        ("6.89MiB", "175.00KiB", (7_224_689, 179_200)),
        ("512.00B", "1.50GiB", (512, 1_610_612_736)),
    ],
)
def test_the_use_of_memory(on_chip: str, off_chip: str, found: tuple[int, int]) -> None:
    printed = PRINTED.replace("60.25KiB", on_chip).replace("0.00B", off_chip).format(folder=".", table=table(ROWS), total=1)
    log = parse_log("", printed)
    assert (log.cached_bytes, log.streamed_bytes) == found


@pytest.mark.parametrize(
    "text",
    ["", "Edge TPU Compiler version 16.0\n\nInternal compiler error. Aborting! \n", table([]), "CONV_2D  1  Mapped to Edge TPU"],
)
def test_no_table_is_an_error(text: str) -> None:
    with pytest.raises(ExportError, match="found none"):
        parse_log(text, text)
