"""A grammar: the graph of all sentences that may be said, with what they mean, as the JSON file of a bundle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc.hypothesis import Slot

FORMAT = "edge-asr grammar 1"
MAX_BYTES = 1 << 24
MAX_STATES = 50_000
MAX_ARCS = 200_000
MAX_WORD = 64
"""Characters."""
MAX_SLOTS = 16
"""Slots that end with one word, or are given with a sentence."""
MAX_PARSES = 16
"""Meanings of a sentence that are followed; a grammar with more of them is ambiguous beyond use."""

ARC, FINAL = (int, int, str), (int, str)
"""How arcs and finals begin in the file."""

Slots: TypeAlias = "tuple[Slot, ...]"


class Arc(NamedTuple):
    """Saying `word` leads from state `source` to state `target`."""

    source: int
    target: int
    word: str
    """Lower case, without spaces."""
    slots: Slots = ()
    """The slots whose values are known when the word has been said."""


class Final(NamedTuple):
    """A sentence may end in `state`, and then has this meaning."""

    state: int
    intent: str
    slots: Slots = ()
    """Given with the sentence; one of the same name that was said goes before."""


class Pronunciation(NamedTuple):
    """How a word may be said."""

    word: str
    phonemes: tuple[str, ...]
    """Tokens of the bundle; at least one."""


class Parse(NamedTuple):
    """What a sentence means."""

    intent: str
    slots: Slots


@dataclass(frozen=True)
class Grammar:
    """A word graph that starts in state 0. Loops are allowed: every arc takes a word.

    Raises `ConfigError` when it is empty or too large, names states that don't exist, or has a state that can't be reached or
    from which no sentence ends.
    """

    language: str
    states: int
    arcs: tuple[Arc, ...]
    finals: tuple[Final, ...]
    """The earlier of two meanings of one sentence is the one that counts."""
    pronunciations: tuple[Pronunciation, ...] = ()
    """For bundles that write phonemes: one or more of every word."""
    leaving: tuple[tuple[Arc, ...], ...] = field(init=False, repr=False, compare=False)
    """The arcs of each state."""

    def __post_init__(self) -> None:
        """Raises `ConfigError`."""
        _check_sizes(self)
        leaving: list[list[Arc]] = [[] for _ in range(self.states)]
        for arc in self.arcs:
            leaving[arc.source].append(arc)
        object.__setattr__(self, "leaving", tuple(map(tuple, leaving)))
        _check_connected(self)

    @property
    def words(self) -> tuple[str, ...]:
        """Every word that can be said, sorted."""
        return tuple(sorted({arc.word for arc in self.arcs}))

    def parses(self, words: Sequence[str]) -> tuple[Parse, ...]:
        """The meanings of a sentence, the one that counts first; none when the grammar does not allow it."""
        paths: dict[int, list[Slots]] = {0: [()]}
        for word in words:
            reached: dict[int, list[Slots]] = {}
            for state, said in paths.items():
                for arc in self.leaving[state]:
                    if arc.word == word:
                        known = reached.setdefault(arc.target, [])
                        known += [slots + arc.slots for slots in said[: MAX_PARSES - len(known)]]
            paths = reached
        meanings = (
            Parse(final.intent, all_slots(said, final.slots)) for final in self.finals for said in paths.get(final.state, ())
        )
        return tuple(dict.fromkeys(meanings))


def all_slots(said: Slots, given: Slots) -> Slots:
    """The slots that were said, in their order, then those given whose names were not said."""
    names = {slot.name for slot in said}
    return (*said, *(slot for slot in given if slot.name not in names))


def write_grammar(grammar: Grammar) -> bytes:
    """The JSON file of `grammar`: readable, one arc or final a line."""
    arcs = [[arc.source, arc.target, arc.word, *_flat(arc.slots)] for arc in grammar.arcs]
    finals = [[final.state, final.intent, *_flat(final.slots)] for final in grammar.finals]
    head = {"format": FORMAT, "language": grammar.language, "states": grammar.states}
    rows = {"arcs": arcs, "finals": finals}
    if grammar.pronunciations:
        rows["pronunciations"] = [[one.word, *one.phonemes] for one in grammar.pronunciations]
    lists = (f'"{name}": [\n{_lines(some)}\n]' for name, some in rows.items())
    return (json.dumps(head, ensure_ascii=False)[:-1] + ",\n" + ",\n".join(lists) + "}\n").encode()


def read_grammar(content: bytes) -> Grammar:
    """The grammar in the content of a JSON file. Raises `ConfigError` when it is not one, or not sound (see `Grammar`)."""
    if len(content) > MAX_BYTES:
        raise ConfigError(f"grammar: expected at most {MAX_BYTES} bytes, found {len(content)}")
    try:
        table = json.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as err:
        raise ConfigError(f"grammar: expected the JSON that `invoke grammar` writes, found: {str(err)[:120]}") from err
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise ConfigError(f'grammar: expected a JSON table with "format": {FORMAT!r}: make it with `invoke grammar`')
    language, states, arcs, finals = (table.get(key) for key in ("language", "states", "arcs", "finals"))
    if not isinstance(language, str) or type(states) is not int or not isinstance(arcs, list) or not isinstance(finals, list):
        raise ConfigError("grammar: expected language (text), states (a number), arcs and finals (lists)")
    said = table.get("pronunciations", [])
    slots = lru_cache(maxsize=None)(_slots)  # most arcs have none, or those of others
    return Grammar(
        language,
        states,
        tuple(Arc(source, target, word, slots(*rest)) for source, target, word, *rest in _rows(arcs, ARC)),
        tuple(Final(state, intent, slots(*rest)) for state, intent, *rest in _rows(finals, FINAL)),
        tuple(Pronunciation(word, tuple(phonemes)) for word, *phonemes in _pronunciation_rows(said)),
    )


def _rows(rows: list[Any], form: tuple[type, ...]) -> list[list[Any]]:
    """`rows` once it is known that each begins with values of `form` and goes on with names and values of slots."""
    for row in rows:
        kinds = tuple(map(type, row)) if isinstance(row, list) else ()
        if kinds[: len(form)] != form or {*kinds[len(form) :]} - {str} or (len(kinds) - len(form)) % 2:
            names = "[from, to, word, slot, value, ...]" if form is ARC else "[state, intent, slot, value, ...]"
            raise ConfigError(f"grammar: expected a list of the form {names}, found {row!r:.80}")
    return rows


def _pronunciation_rows(rows: Any) -> list[list[str]]:
    """`rows` once it is known that they are texts, at least two in each."""
    if not isinstance(rows, list):
        raise ConfigError(f"grammar: expected a list of pronunciations, found {rows!r:.80}")
    for row in rows:
        if not isinstance(row, list) or len(row) < 2 or not all(isinstance(text, str) for text in row):
            raise ConfigError(f"grammar: expected a pronunciation of the form [word, phoneme, ...], found {row!r:.80}")
    return rows


def _slots(*texts: str) -> Slots:
    return tuple(Slot(name, value) for name, value in zip(texts[::2], texts[1::2]))


def _flat(slots: Slots) -> list[str]:
    return [text for slot in slots for text in (slot.name, slot.value)]


def _lines(rows: Iterable[list[Any]]) -> str:
    return ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def _check_sizes(grammar: Grammar) -> None:
    if not 1 <= grammar.states <= MAX_STATES or not 1 <= len(grammar.arcs) <= MAX_ARCS or len(grammar.finals) > MAX_ARCS:
        raise ConfigError(
            f"grammar: expected 1 to {MAX_STATES} states, 1 to {MAX_ARCS} arcs and no more finals, "
            f"found {grammar.states} states, {len(grammar.arcs)} arcs, {len(grammar.finals)} finals"
        )
    ends = {state for arc in grammar.arcs for state in arc[:2]} | {final.state for final in grammar.finals}
    if ends and (min(ends) < 0 or max(ends) >= grammar.states):
        raise ConfigError(f"grammar: expected states from 0 to {grammar.states - 1}, found {min(ends)} to {max(ends)}")
    for word in grammar.words:
        if word.split() != [word] or len(word) > MAX_WORD:
            raise ConfigError(f"grammar: expected words of 1 to {MAX_WORD} characters without spaces, found {word!r:.80}")
    if len(grammar.pronunciations) > MAX_ARCS:
        raise ConfigError(f"grammar: expected at most {MAX_ARCS} pronunciations, found {len(grammar.pronunciations)}")
    for word, phonemes in grammar.pronunciations:
        if not 1 <= len(phonemes) <= MAX_WORD:
            raise ConfigError(f"grammar: expected words of 1 to {MAX_WORD} phonemes, found {len(phonemes)} in {word!r:.80}")
    slots = [arc.slots for arc in grammar.arcs] + [final.slots for final in grammar.finals]
    if max(map(len, slots), default=0) > MAX_SLOTS:
        raise ConfigError(f"grammar: expected at most {MAX_SLOTS} slots at a word or at the end of a sentence, found more")


def _check_connected(grammar: Grammar) -> None:
    onward: list[list[int]] = [[arc.target for arc in arcs] for arcs in grammar.leaving]
    back: list[list[int]] = [[] for _ in onward]
    for arc in grammar.arcs:
        back[arc.target].append(arc.source)
    reached, ending = _closure({0}, onward), _closure({final.state for final in grammar.finals}, back)
    if len(reached) < grammar.states or len(ending) < grammar.states:
        lost = min(set(range(grammar.states)) - (reached & ending))
        what = "can't be reached from state 0" if lost not in reached else "leads to no end of a sentence"
        raise ConfigError(f"grammar: state {lost} {what}; compile the templates again with `invoke grammar`")


def _closure(states: set[int], following: list[list[int]]) -> set[int]:
    """`states` and all that can be reached from them."""
    found, waiting = set(states), list(states)
    while waiting:
        fresh = [state for state in following[waiting.pop()] if state not in found]
        found.update(fresh)
        waiting += fresh
    return found
