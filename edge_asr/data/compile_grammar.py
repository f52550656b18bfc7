"""Templates to the graph of all their sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from edge_asr.data.template_tree import Choice, Piece, Rule, Sequence, Text
from edge_asr.data.templates import Templates
from edge_asr.errors import ConfigError
from edge_asr.runtime.automaton import determinise, minimise
from edge_asr.runtime.ctc.hypothesis import Slot
from edge_asr.runtime.grammar import MAX_SLOTS, MAX_STATES, MAX_WORD, Arc, Final, Grammar, Slots

MAX_NODES = 200_000
"""Of the graph of letters and slots, before equal parts become one."""
MAX_SPELLINGS = 10_000
"""Ways on from one place to the end of the word."""
NOTHING, SPACE = "", " "

Ending: TypeAlias = "tuple[int, str, Slots]"
"""The number of the pattern, which orders meanings; its intent; slots said since the last word, and given ones."""
Place: TypeAlias = "tuple[int, Slots]"
"""A node where a word may begin, and the slots that were said since the last word."""


def compile_grammar(templates: Templates) -> Grammar:
    """The smallest graph of the sentences of `templates` in which no state has two arcs with the same word and slots.

    An intent is told at the end of a sentence, a slot at the last word of its value, so that sentences share beginnings.
    Raises `ConfigError` when that takes more than `MAX_STATES` states, or a rule names itself elsewhere than at its end.
    """
    letters = _Letters()
    ends: dict[int, Ending] = {}
    for number, pattern in enumerate(templates.patterns):
        first, last = letters.node(), letters.node()
        letters.edges[0].append((NOTHING, first))
        try:
            letters.add(pattern.body, first, last, pattern.rules, {})
        except ConfigError as err:
            raise ConfigError(f"{pattern.intent}: {pattern.text!r:.80}: {err}") from err
        ends[last] = (number, pattern.intent, pattern.slots)
    words = _Words(letters, ends)
    start: Place = (0, ())
    automaton = minimise(determinise([start], words.arcs_of, words.ends_of, MAX_STATES))
    arcs = (
        Arc(source, target, word, slots)
        for source, leaving in enumerate(automaton.arcs)
        for (word, slots), target in leaving.items()
    )
    endings = sorted((ending, state) for state, some in enumerate(automaton.ends) for ending in some)
    finals = dict.fromkeys(Final(state, intent, slots) for (_, intent, slots), state in endings)
    return Grammar(templates.language, len(automaton.arcs), tuple(arcs), tuple(finals))


class _Letters:
    """A graph whose edges give a part of a word, a space, a slot or nothing. Node 0 is its start."""

    def __init__(self) -> None:
        self.edges: list[list[tuple[str | Slot, int]]] = [[]]

    def node(self) -> int:
        if len(self.edges) >= MAX_NODES:
            raise ConfigError(f"the sentences take more than {MAX_NODES} nodes: use fewer alternatives")
        self.edges.append([])
        return len(self.edges) - 1

    def add(self, piece: Piece, first: int, last: int, rules: Mapping[str, Piece], inside: Mapping[str, tuple[int, int]]) -> None:
        """Ways from `first` to `last` for `piece`; `inside` has the ends of the rules that it is a part of."""
        if isinstance(piece, Text):
            for part in re.findall(" |[^ ]+", piece.text):
                self.edges[first].append((part, first := self.node()))
            self.edges[first].append((NOTHING, last))
        elif isinstance(piece, Sequence):
            for item in piece.items[:-1]:
                self.add(item, first, first := self.node(), rules, inside)
            self.add(piece.items[-1], first, last, rules, inside)
        elif isinstance(piece, Choice):
            for item in piece.items:
                self.add(item, first, last, rules, inside)
        elif isinstance(piece, Rule):
            self._add_rule(piece.name, first, last, rules, inside)
        else:
            middle = self.node()
            self.add(piece.piece, first, middle, rules, inside)
            self.edges[middle].append((Slot(piece.name, piece.value), last))

    def _add_rule(
        self, name: str, first: int, last: int, rules: Mapping[str, Piece], inside: Mapping[str, tuple[int, int]]
    ) -> None:
        start, end = inside.get(name) or (self.node(), last)
        if end != last:
            raise ConfigError(f"<{name:.40}> names itself before its end; a loop has the form [ <{name:.40}>] at the end")
        self.edges[first].append((NOTHING, start))
        if name not in inside:
            self.add(rules[name], start, last, rules, {**inside, name: (start, last)})


class _Words:
    """The same graph with whole words at its arcs: what `determinise` asks for."""

    def __init__(self, letters: _Letters, ends: Mapping[int, Ending]) -> None:
        self._edges, self._ends = letters.edges, ends
        self._known: dict[Place, tuple[list[tuple[tuple[str, Slots], Place]], list[Ending]]] = {}

    def arcs_of(self, place: Place) -> list[tuple[tuple[str, Slots], Place]]:
        return self._from(place)[0]

    def ends_of(self, place: Place) -> list[Ending]:
        return self._from(place)[1]

    def _from(self, place: Place) -> tuple[list[tuple[tuple[str, Slots], Place]], list[Ending]]:
        if place not in self._known:
            self._known[place] = self._explore(place)
        return self._known[place]

    def _explore(self, place: Place) -> tuple[list[tuple[tuple[str, Slots], Place]], list[Ending]]:
        """The words that may be said from `place` on, and the sentences that end there."""
        node, said = place
        seen, waiting = {(node, "", said)}, [(node, "", said)]
        arcs: list[tuple[tuple[str, Slots], Place]] = []
        ends: list[Ending] = []
        while waiting:
            node, word, slots = waiting.pop()
            if node in self._ends and word:
                arcs.append(((word, slots), (node, ())))
            elif node in self._ends:
                number, intent, given = self._ends[node]
                ends.append((number, intent, slots + given))
            for part, target in self._edges[node]:
                if part == SPACE and word:
                    arcs.append(((word, slots), (target, ())))
                    continue
                letters = word + part.strip() if isinstance(part, str) else word
                follow = (target, letters, slots if isinstance(part, str) else (*slots, part))
                if follow not in seen:
                    seen.add(follow)
                    waiting.append(follow)
            if len(seen) > MAX_SPELLINGS or len(word) > MAX_WORD or len(slots) > MAX_SLOTS:
                raise ConfigError(f"expected fewer than {MAX_SPELLINGS} ways to the end of a word, of {MAX_WORD} letters at most")
        return arcs, ends
