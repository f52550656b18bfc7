"""How many of a model's operations something else than the interpreter's own kernels runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

DELEGATE = "DELEGATE"

Nodes: TypeAlias = Sequence[Mapping[str, Any]]
"""An interpreter's nodes: `op_name`, and the tensors that are `inputs` and `outputs`. A graph that was handed to delegates keeps
its own nodes, and has one called DELEGATE behind them for each part that a delegate runs."""


@dataclass(frozen=True)
class OpCount:
    """Operations of a model."""

    model: int
    """All."""
    accelerator: int = 0
    """Run by the accelerator."""
    xnnpack: int = 0
    """Run by XNNPACK, the interpreter's fast kernels; what is left runs on its portable ones."""


def count_ops(with_accelerator: Nodes, nodes: Nodes) -> OpCount:
    """Count in the nodes as they were when the accelerator had taken its part, and as they are when XNNPACK has, too."""
    own = [node for node in nodes if node["op_name"] != DELEGATE]
    taken = _replaced(with_accelerator, own)
    return OpCount(len(own), len(taken), len(_replaced(nodes, own) - taken))


def _replaced(nodes: Nodes, own: Nodes) -> set[int]:
    """Numbers of the model's own nodes for which a delegate's stand: those between its inputs and its outputs."""
    makers = {tensor: number for number, node in enumerate(own) for tensor in node["outputs"]}
    found: set[int] = set()
    for part in (node for node in nodes if node["op_name"] == DELEGATE):
        given, wanted = set(part["inputs"]), list(part["outputs"])
        while wanted:
            number = makers.get(wanted.pop())
            if number is not None and number not in found:
                found.add(number)
                wanted += [tensor for tensor in own[number]["inputs"] if tensor not in given]
    return found
