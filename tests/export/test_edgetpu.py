"""The pre-flight of whole networks: where the partition ends, what stays behind it, what it costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_asr.bundle.store import read_bundle
from edge_asr.export.edgetpu import CACHE_BYTES, Fate, preflight
from edge_asr.export.edgetpu_text import preflight_text
from edge_asr.training.resource_file import states_in_variables
from tests.export.graphs import Op, T, constant, graph, weights

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
SHIPPED = sorted(path.parent.name for path in (ROOT / "models").glob("*/manifest.json"))


def chain(*names: str) -> bytes:
    """Operators of one input each, one behind the other, on [1, 8]."""
    tensors = [T((1, 8)) for _ in range(len(names) + 1)]
    return graph(*(Op(name, [before], [after]) for name, before, after in zip(names, tensors, tensors[1:])))


@pytest.mark.parametrize("name", SHIPPED)
def test_the_window_forms_of_shipped_bundles_map_whole(name: str) -> None:
    report = preflight(read_bundle(ROOT / "models" / name).models["window"])
    assert report.whole
    assert 10_000 < report.parameter_bytes < CACHE_BYTES


def test_all_from_the_first_that_does_not_map_stays_on_the_cpu() -> None:
    report = preflight(chain("RELU", "LOGISTIC", "HARD_SWISH", "TANH", "LEAKY_RELU"))
    assert report.operators == (
        Fate(0, "RELU", "int8 [1, 8]", True),
        Fate(1, "LOGISTIC", "int8 [1, 8]", True),
        Fate(2, "HARD_SWISH", "int8 [1, 8]", False, "the Edge TPU has no such operator", report.operators[2].change),
        Fate(3, "TANH", "int8 [1, 8]", False, "it comes behind operator 2, HARD_SWISH"),
        Fate(4, "LEAKY_RELU", "int8 [1, 8]", False, "the Edge TPU has no such operator", report.operators[4].change),
    )
    assert report.on_cpu == report.operators[2:]
    assert report.counts == {"HARD_SWISH": (0, 1), "LEAKY_RELU": (0, 1), "LOGISTIC": (1, 0), "RELU": (1, 0), "TANH": (0, 1)}
    text = preflight_text(report)
    assert "2 of 5 operators map to the Edge TPU: the partition ends before operator 2, HARD_SWISH, and the 3 from there" in text
    assert text.endswith(
        "HARD_SWISH: use ReLU, as the zoo's networks do, or ReLU6.\nLEAKY_RELU: use ReLU, or a PReLU with one slope a channel."
    )


def test_resource_variables_keep_a_network_from_the_edge_tpu() -> None:
    report = preflight(states_in_variables((DATA / "tiny_stream.tflite").read_bytes()))
    first = report.operators[0]
    assert (first.operator, first.mapped, first.change) == (
        "CALL_ONCE",
        False,
        "use the window form: resource variables stay on the CPU",
    )
    assert {fate.operator for fate in report.on_cpu if fate.change} == {
        "CALL_ONCE",
        "VAR_HANDLE",
        "READ_VARIABLE",
        "ASSIGN_VARIABLE",
    }
    assert "Nothing maps to the Edge TPU: operator 0, CALL_ONCE, can't" in preflight_text(report)
    assert "\nCALL_ONCE, VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE: use the window form" in preflight_text(report)


def test_states_that_are_passed_map() -> None:
    assert preflight((DATA / "tiny_stream.tflite").read_bytes()).whole


def test_a_tensor_of_five_dimensions_ends_the_partition() -> None:
    picture, split = T((1, 8, 4, 8)), T((1, 2, 4, 4, 8))
    report = preflight(
        graph(
            Op("RELU", [picture], [clipped := T((1, 8, 4, 8))]),
            Op("RESHAPE", [clipped, constant([1, 2, 4, 4, 8])], [split]),
            Op("TRANSPOSE", [split, constant([0, 2, 1, 3, 4])], [T((1, 4, 2, 4, 8))]),
        )
    )
    assert [fate.mapped for fate in report.operators] == [True, False, False]
    assert report.on_cpu[0].reason == "[1, 2, 4, 4, 8] has more than its 3 innermost dimensions above 1"
    assert report.on_cpu[1].change  # it has a reason of its own, not just its place


def dense(rows: int, columns: int) -> bytes:
    bias = constant([0] * rows, scales=[0.1] * rows)
    return graph(Op("FULLY_CONNECTED", [T((1, columns)), weights(rows, columns), bias], [T((1, rows))]))


def test_parameters_of_what_is_mapped_are_counted_once() -> None:
    kernel, bias = weights(8, 8), constant([0] * 8, scales=[0.1] * 8)
    first, second, third = T((1, 8)), T((1, 8)), T((1, 8))
    shared = graph(
        Op("FULLY_CONNECTED", [first, kernel, bias], [second]),
        Op("FULLY_CONNECTED", [second, kernel, bias], [third]),
        Op("RESHAPE", [third, constant([1, 1, 8])], [reshaped := T((1, 1, 8))]),
        Op("ELU", [reshaped], [last := T((1, 1, 8))]),
        Op("CONV_2D", [last, weights(8, 1, 1, 8)], [T((1, 1, 8))]),
    )
    assert preflight(shared).parameter_bytes == 8 * 8 + 8 * 4  # int8 weights, int32 bias; no shapes, nothing behind the ELU


def test_parameters_beyond_the_cache_are_told() -> None:
    fits, large = preflight(dense(1000, 7990)), preflight(dense(1000, 9000))
    assert (fits.parameter_bytes, fits.streamed_bytes) == (7_994_000, 0)
    assert (large.parameter_bytes, large.streamed_bytes) == (9_004_000, 9_004_000 - CACHE_BYTES)
    assert "which fit the chip's cache" in preflight_text(fits)
    assert "about 1,004,000 more than the chip's 8 MB hold, which cross the bus at every run" in preflight_text(large)


def test_the_runtime_that_the_mapped_operators_need() -> None:
    assert preflight(chain("RELU")).runtime == 0
    report = preflight(chain("RSQRT", "RELU"))
    assert report.runtime == 14
    assert "needs the Edge TPU runtime 14 or newer" in preflight_text(report)
    assert preflight(chain("ELU", "RSQRT")).runtime == 0
