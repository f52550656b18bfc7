"""A pre-flight of a model for the Edge TPU: what its compiler will map, what stays on the CPU, and what to change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from edge_asr.export.edgetpu_support import SUPPORTED, objection
from edge_asr.export.tflite_model import Operator, TfliteModel, read_model

CACHE_BYTES = 8_000_000
"""Of memory on the chip for parameters, about: the compiler reports 7.7 to 7.9 MiB, less with more operators."""


@dataclass(frozen=True)
class Fate:
    """Where an operator will run."""

    number: int
    """From 0, in the order in which they run."""
    operator: str
    """TFLite's name, like `CONV_2D`."""
    output: str
    """Of its first output, dtype and shape."""
    mapped: bool
    """Onto the Edge TPU; otherwise it stays on the CPU."""
    reason: str = ""
    """Why it stays there."""
    change: str = ""
    """What to do about it; empty where it is only behind one that is not mapped."""


@dataclass(frozen=True)
class Preflight:
    """What the Edge TPU's compiler is expected to do with a model."""

    operators: tuple[Fate, ...]
    parameter_bytes: int
    """Weights and biases of the mapped operators."""
    runtime: int
    """The oldest Edge TPU runtime that has all of them; 0: any."""

    @property
    def whole(self) -> bool:
        """Whether every operator is mapped."""
        return all(fate.mapped for fate in self.operators)

    @property
    def on_cpu(self) -> tuple[Fate, ...]:
        """What is not mapped; the first of them ends the one partition that is."""
        return tuple(fate for fate in self.operators if not fate.mapped)

    @property
    def streamed_bytes(self) -> int:
        """Parameters that the chip has no room for: they cross the bus at every run."""
        return max(0, self.parameter_bytes - CACHE_BYTES)

    @property
    def counts(self) -> Mapping[str, tuple[int, int]]:
        """How many of each operator are mapped and are not, by name, sorted."""
        mapped, stay = (Counter(fate.operator for fate in self.operators if fate.mapped is side) for side in (True, False))
        return {name: (mapped[name], stay[name]) for name in sorted(mapped | stay)}


def preflight(model: bytes) -> Preflight:
    """Look through a `.tflite` file for what keeps it from the Edge TPU. Raises `ExportError` for a file that can't be read.

    One partition is mapped: the operators up to the first that can't be. All behind it run on the CPU.
    """
    found = read_model(model)
    fates = _fates(found)
    mapped = [operator for operator, fate in zip(found.operators, fates) if fate.mapped]
    runtime = max((SUPPORTED[operator.name].runtime for operator in mapped), default=0)
    return Preflight(fates, _parameter_bytes(mapped), runtime)


def _fates(model: TfliteModel) -> tuple[Fate, ...]:
    fates: list[Fate] = []
    end: Fate | None = None
    for number, operator in enumerate(model.operators):
        output = operator.outputs[0].described if operator.outputs else "nothing"
        reason = objection(operator)
        if reason is not None:
            fate = Fate(number, operator.name, output, False, reason.reason, reason.change)
        elif end is not None:
            fate = Fate(number, operator.name, output, False, f"it comes behind operator {end.number}, {end.operator}")
        else:
            fate = Fate(number, operator.name, output, True)
        end = end or (None if fate.mapped else fate)
        fates.append(fate)
    return tuple(fates)


def _parameter_bytes(operators: list[Operator]) -> int:
    """Of weights and biases, each once. Axes and shapes have no scale."""
    constants = {id(tensor): tensor for operator in operators for tensor in operator.inputs if tensor is not None}
    return sum(tensor.data.size for tensor in constants.values() if tensor.data is not None and tensor.scales.size)
