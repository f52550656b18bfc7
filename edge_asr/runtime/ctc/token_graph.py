"""A grammar as the graph of a model's tokens: what may follow what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_asr.errors import ConfigError
from edge_asr.runtime.automaton import Automaton, determinise, minimise
from edge_asr.runtime.ctc.words import SPACE, Spelling
from edge_asr.runtime.grammar import MAX_STATES, Grammar

MAX_WAYS = 1_000_000
"""From one node to the next; a frame costs about 10 ns for each."""

Pieces: TypeAlias = "tuple[str, ...]"
"""Tokens of a word: itself, its letters or its phonemes."""
Place: TypeAlias = "tuple[int, Pieces]"
"""A state of the word graph, and the pieces of the next word that were said in it; a space: the word before has just ended."""


class Step(NamedTuple):
    """Saying `piece` leads from one place to another."""

    source: Place
    piece: str
    target: Place
    word: str
    """What is complete with it; empty: nothing."""


@dataclass(frozen=True)
class TokenGraph:
    """Node 0 is the start, in which no token has been said; every other node is one token at one place of the sentences."""

    tokens: NDArray[np.int32]
    """(nodes,): what is said in each node; 0, the blank, at the start."""
    words: tuple[str, ...]
    """Of each node the word that is complete in it; empty: none is."""
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
    spelled, parted = _spelled(grammar, spelling), spelling.unit == "characters"
    _check_pieces(grammar, spelled, parted, spelling, ids)
    words = _word_automaton(grammar)
    steps = list(dict.fromkeys(_steps(words, spelled, parted)))
    nodes = {node: number for number, node in enumerate(dict.fromkeys(step[1:] for step in steps), 1)}
    into: dict[Place, list[int]] = {(0, ()): [0]}
    for (_, target, _), number in nodes.items():
        into.setdefault(target, []).append(number)
    if sum(len(into[step.source]) for step in steps) > MAX_WAYS:
        raise ConfigError(f"grammar: more than {MAX_WAYS} ways from a token to the next: use fewer alternatives")
    ways = np.array(sorted((nodes[step[1:]], source) for step in steps for source in into[step.source]), np.int32)
    ended = (SPACE,) if parted else ()
    finals = [node for state, ends in enumerate(words.ends) if ends for node in into.get((state, ended), ()) if node]
    return TokenGraph(
        np.array([0, *(ids[piece] for piece, _, _ in nodes)], np.int32),
        ("", *(word for _, _, word in nodes)),
        ways[:, 1].copy(),
        np.searchsorted(ways[:, 0], np.arange(1, len(nodes) + 1)).astype(np.int32),
        np.array(finals, np.int32),
    )


def _spelled(grammar: Grammar, spelling: Spelling) -> Mapping[str, Sequence[Pieces]]:
    """The ways to say each word. Raises `ConfigError` for a word whose phonemes are not known."""
    if spelling.unit != "phonemes":
        return {word: [(word,) if spelling.unit == "words" else tuple(word)] for word in grammar.words}
    spelled: dict[str, list[Pieces]] = {word: [] for word in grammar.words}
    for word, phonemes in grammar.pronunciations:
        if word in spelled:
            spelled[word].append(phonemes)
    silent = [word for word, ways in spelled.items() if not ways]
    if silent:
        raise ConfigError(
            f"grammar: the model writes phonemes, and {len(silent)} words have no pronunciation, such as {silent[0]!r:.40}: "
            "compile the templates with `invoke grammar --phonemes`"
        )
    return spelled


def _check_pieces(
    grammar: Grammar, spelled: Mapping[str, Sequence[Pieces]], parted: bool, spelling: Spelling, ids: Mapping[str, int]
) -> None:
    needed = {piece for ways in spelled.values() for pieces in ways for piece in pieces}
    if parted and any(grammar.leaving[arc.target] for arc in grammar.arcs):
        needed.add(SPACE)
    missing = sorted(needed - set(ids))
    if missing:
        raise ConfigError(
            f"grammar: the model has no {spelling.unit[:-1]} {missing[0]!r:.40} ({len(missing)} are missing): "
            "change the sentences, or train a model with it"
        )


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


def _steps(words: Automaton[str, bool], spelled: Mapping[str, Sequence[Pieces]], parted: bool) -> Iterator[Step]:
    """Words that begin alike share pieces; between two words is a space if they are `parted`."""
    reached = {target for arcs in words.arcs for target in arcs.values()}
    for state, arcs in enumerate(words.arcs):
        if parted and arcs and state in reached:
            yield Step((state, (SPACE,)), SPACE, (state, ()), "")
        for word, target in arcs.items():
            for pieces in spelled[word]:
                for i in range(len(pieces) - 1):
                    yield Step((state, pieces[:i]), pieces[i], (state, pieces[: i + 1]), "")
                yield Step((state, pieces[:-1]), pieces[-1], (target, (SPACE,) if parted else ()), word)
