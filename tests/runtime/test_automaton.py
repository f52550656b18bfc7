"""Automata: the same language with fewer states."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edge_asr.errors import ConfigError
from edge_asr.runtime.automaton import Automaton, determinise, minimise


def says(automaton: Automaton[str, int], text: str) -> tuple[int, ...]:
    state = 0
    for label in text:
        if label not in automaton.arcs[state]:
            return ()
        state = automaton.arcs[state][label]
    return tuple(sorted(automaton.ends[state]))


@pytest.mark.parametrize("seed", range(30))
def test_determinised_and_minimised_automata_say_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    arcs = [[("ab"[rng.integers(2)], int(rng.integers(5))) for _ in range(rng.integers(4))] for _ in range(5)]
    ends = [[int(rng.integers(2))] if rng.random() < 0.4 else [] for _ in range(5)]

    def direct(text: str) -> tuple[int, ...]:
        states = {0}
        for label in text:
            states = {target for state in states for name, target in arcs[state] if name == label}
        return tuple(sorted({end for state in states for end in ends[state]}))

    whole = determinise([0], lambda state: arcs[state], lambda state: ends[state], 1000)
    small = minimise(whole)
    for length in range(6):
        for letters in product("ab", repeat=length):
            text = "".join(letters)
            assert says(whole, text) == says(small, text) == direct(text)
    assert len(minimise(small).arcs) == len(small.arcs) <= len(whole.arcs)


def test_equal_ends_become_one_state_and_dead_ends_go() -> None:
    arcs = {0: [("a", 1), ("b", 2), ("c", 3)], 1: [("x", 4)], 2: [("x", 5)], 3: [], 4: [], 5: []}
    small = minimise(determinise([0], lambda state: arcs[state], lambda state: [0] if state > 3 else [], 1000))
    assert [dict(some) for some in small.arcs] == [{"a": 1, "b": 1}, {"x": 2}, {}]


def test_a_language_of_too_many_states_is_refused() -> None:
    # strings whose 20th letter from the end is an a: 2 ** 20 states
    arcs = {0: [("a", 0), ("b", 0), ("a", 1)], **{n: [("a", n + 1), ("b", n + 1)] for n in range(1, 20)}, 20: []}
    with pytest.raises(ConfigError, match="more than 500 states"):
        determinise([0], lambda state: arcs[state], lambda state: [0] if state == 20 else [], 500)
