"""A grammar as the graph of a model's tokens: what may follow what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import ConfigError
from edge_asr.runtime.automaton import Automaton, determinise, minimise
from edge_asr.runtime.ctc.words import SPACE, Spelling
from edge_asr.runtime.grammar import MAX_STATES, Grammar

MAX_WAYS = 1_000_000
"""From one node to the next; a frame costs about 10 ns for each."""

Place: TypeAlias = "tuple[int, str]"
"""A state of the word graph, and the letters of the next word that were said in it; SPACE: the word before has just ended."""


@dataclass(frozen=True)
class TokenGraph:
    """Node 0 is the start, in which no token has been said; every other node is one token at one place of the sentences."""

    tokens: NDArray[np.int32]
    """(nodes,): what is said in each node; 0, the blank, at the start."""
    sources: NDArray[np.int32]
    """(ways,): the node from which each way comes, in the order of the nodes to which they lead."""
    first: NDArray[np.int32]
    """(nodes - 1,): the first way to each node but the start; there is at least one."""
    finals: NDArray[np.int32]
    """Nodes in which a sentence may end."""


def token_graph(grammar: Grammar, spelling: Spelling) -> TokenGraph:
    """The graph of the token sequences that spell the sentences of `grammar`.

    Raises `ConfigError` when a word of the grammar can't be written with the tokens, or the graph is too large.
    """
    ids = {token: number for number, token in enumerate(spelling.tokens) if number}
    missing = sorted(_pieces(grammar, spelling) - set(ids))
    if missing:
        raise ConfigError(
            f"grammar: the model has no {spelling.unit[:-1]} {missing[0]!r:.40} ({len(missing)} are missing): "
            "change the sentences, or train a model with it"
        )
    words = _word_automaton(grammar)
    arcs = list(dict.fromkeys(_word_arcs(words) if spelling.unit == "words" else _letter_arcs(words)))
    nodes = {node: number for number, node in enumerate(dict.fromkeys((piece, target) for _, piece, target in arcs), 1)}
    into: dict[Place, list[int]] = {(0, ""): [0]}
    for (_, target), number in nodes.items():
        into.setdefault(target, []).append(number)
    if sum(len(into[place]) for place, _, _ in arcs) > MAX_WAYS:
        raise ConfigError(f"grammar: more than {MAX_WAYS} ways from a token to the next: use fewer alternatives")
    ways = np.array(sorted((nodes[piece, target], source) for place, piece, target in arcs for source in into[place]), np.int32)
    ended = "" if spelling.unit == "words" else SPACE
    finals = [node for state, ends in enumerate(words.ends) if ends for node in into.get((state, ended), ()) if node]
    return TokenGraph(
        np.array([0, *(ids[piece] for piece, _ in nodes)], np.int32),
        ways[:, 1].copy(),
        np.searchsorted(ways[:, 0], np.arange(1, len(nodes) + 1)).astype(np.int32),
        np.array(finals, np.int32),
    )


def _pieces(grammar: Grammar, spelling: Spelling) -> set[str]:
    """Words or characters that the sentences need."""
    if spelling.unit == "words":
        return set(grammar.words)
    joined = any(grammar.leaving[arc.target] for arc in grammar.arcs)
    return {*"".join(grammar.words), *([SPACE] if joined else [])}


def _word_automaton(grammar: Grammar) -> Automaton[str, bool]:
    """The smallest graph of the sentences, whatever they mean: it has a third of the grammar's states."""
    ends = {final.state for final in grammar.finals}
    return minimise(
        determinise(
            [0],
            lambda state: ((arc.word, arc.target) for arc in grammar.leaving[state]),
            lambda state: [True] if state in ends else [],
            MAX_STATES,
        )
    )


def _word_arcs(words: Automaton[str, bool]) -> Iterator[tuple[Place, str, Place]]:
    for state, arcs in enumerate(words.arcs):
        for word, target in arcs.items():
            yield (state, ""), word, (target, "")


def _letter_arcs(words: Automaton[str, bool]) -> Iterator[tuple[Place, str, Place]]:
    """Words that begin alike share letters; a space parts two words."""
    reached = {target for arcs in words.arcs for target in arcs.values()}
    for state, arcs in enumerate(words.arcs):
        if arcs and state in reached:
            yield (state, SPACE), SPACE, (state, "")
        for word, target in arcs.items():
            for i in range(len(word) - 1):
                yield (state, word[:i]), word[i], (state, word[: i + 1])
            yield (state, word[:-1]), word[-1], (target, SPACE)
