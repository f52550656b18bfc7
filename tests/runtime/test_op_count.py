"""Operations that delegates took, counted in an interpreter's nodes."""

from __future__ import annotations

from edge_asr.runtime.op_count import OpCount, count_ops


def node(name: str, inputs: list[int], outputs: list[int]) -> dict[str, object]:
    return {"op_name": name, "inputs": inputs, "outputs": outputs}


# Tensors: 0 the input, 10 to 12 weights, 1 to 5 made. Two branches from 1 meet in 4.
CHAIN = [
    node("CONV_2D", [0, 10], [1]),
    node("CONV_2D", [1, 11], [2]),
    node("MEAN", [1], [3]),
    node("ADD", [2, 3], [4]),
    node("FULLY_CONNECTED", [4, 12], [5]),
]


def test_without_delegates_all_is_the_interpreters():
    assert count_ops(CHAIN, CHAIN) == OpCount(5, 0, 0)


def test_a_part_in_the_middle_has_both_branches():
    part = node("DELEGATE", [1, 11], [4])
    assert count_ops([*CHAIN, part], [*CHAIN, part]) == OpCount(5, accelerator=3)


def test_two_parts_of_an_accelerator_and_xnnpack_between():
    taken = [*CHAIN, node("DELEGATE", [0, 10], [1]), node("DELEGATE", [4, 12], [5])]
    assert count_ops(taken, [*taken, node("DELEGATE", [1, 11], [4])]) == OpCount(5, accelerator=2, xnnpack=3)


def test_a_part_with_several_outputs():
    part = node("DELEGATE", [0, 10, 11], [2, 3])
    assert count_ops(CHAIN, [*CHAIN, part]) == OpCount(5, xnnpack=3)
