"""The smallest deterministic automaton of a non-deterministic one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from edge_asr.errors import ConfigError

State = TypeVar("State", bound=Hashable)
Label = TypeVar("Label", bound=Hashable)
End = TypeVar("End", bound=Hashable)


@dataclass(frozen=True)
class Automaton(Generic[Label, End]):
    """Starts in state 0. `arcs[state]` leads from labels to states; `ends[state]` says as what a path may end there."""

    arcs: tuple[Mapping[Label, int], ...]
    ends: tuple[tuple[End, ...], ...]


def determinise(
    start: Iterable[State],
    arcs_of: Callable[[State], Iterable[tuple[Label, State]]],
    ends_of: Callable[[State], Iterable[End]],
    most: int,
) -> Automaton[Label, End]:
    """Subset construction (Rabin and Scott 1959). Raises `ConfigError` when it takes more than `most` states."""
    subsets: dict[frozenset[State], int] = {frozenset(start): 0}
    arcs: list[dict[Label, int]] = []
    ends: list[tuple[End, ...]] = []
    for subset in (waiting := list(subsets)):
        reached: dict[Label, set[State]] = {}
        for state in subset:
            for label, target in arcs_of(state):
                reached.setdefault(label, set()).add(target)
        arcs.append({})
        ends.append(tuple(dict.fromkeys(end for state in subset for end in ends_of(state))))
        for label, targets in reached.items():
            key = frozenset(targets)
            if key not in subsets:
                subsets[key] = len(subsets)
                waiting.append(key)
            arcs[-1][label] = subsets[key]
        if len(subsets) > most:
            raise ConfigError(f"the graph of all sentences takes more than {most} states: use fewer alternatives")
    return Automaton(tuple(arcs), tuple(ends))


def minimise(automaton: Automaton[Label, End]) -> Automaton[Label, End]:
    """The automaton without states that lead to no end, and with one state for all that are alike (Moore 1956)."""
    kept = _leading_to_ends(automaton)
    signatures: list[Hashable] = [frozenset(ends) for ends in automaton.ends]
    classes = 0
    while True:
        numbers: dict[Hashable, int] = {}
        of_state = [numbers.setdefault(signature, len(numbers)) for signature in signatures]
        if len(numbers) == classes:
            break
        classes = len(numbers)
        signatures = [
            (of_state[state], frozenset((label, of_state[target]) for label, target in arcs.items() if target in kept))
            for state, arcs in enumerate(automaton.arcs)
        ]
    return _one_for_each(automaton, of_state, kept)


def _one_for_each(automaton: Automaton[Label, End], of_state: list[int], kept: set[int]) -> Automaton[Label, End]:
    """One state for each class, numbered from the start on."""
    order = {of_state[0]: 0}
    examples = [0]
    arcs: list[dict[Label, int]] = []
    for state in examples:
        arcs.append({})
        for label, target in automaton.arcs[state].items():
            if target in kept:
                if of_state[target] not in order:
                    order[of_state[target]] = len(order)
                    examples.append(target)
                arcs[-1][label] = order[of_state[target]]
    return Automaton(tuple(arcs), tuple(automaton.ends[state] for state in examples))


def _leading_to_ends(automaton: Automaton[Label, End]) -> set[int]:
    back: list[list[int]] = [[] for _ in automaton.arcs]
    for state, arcs in enumerate(automaton.arcs):
        for target in arcs.values():
            back[target].append(state)
    waiting = [state for state, ends in enumerate(automaton.ends) if ends]
    kept = set(waiting)
    while waiting:
        fresh = [state for state in back[waiting.pop()] if state not in kept]
        kept.update(fresh)
        waiting += fresh
    return kept
