"""Sentence templates as a small tree: what sampling and compiling walk over, instead of hassil's own expressions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any, TypeAlias

from edge_asr.errors import ConfigError

MAX_PERMUTED = 5
"""Items of a permutation: it is written out, and six have 720 orders."""
MAX_VALUES = 2000
"""Numbers of a range."""


@dataclass(frozen=True)
class Text:
    """Lower case letters, apostrophes and spaces; a word may go on in the next piece."""

    text: str


@dataclass(frozen=True)
class Sequence:
    """Pieces one after the other."""

    items: tuple[Piece, ...]


@dataclass(frozen=True)
class Choice:
    """One of some pieces."""

    items: tuple[Piece, ...]


@dataclass(frozen=True)
class Valued:
    """A piece that gives a slot its value."""

    piece: Piece
    name: str
    value: str


@dataclass(frozen=True)
class Rule:
    """What the expansion rule `name` of the same scope stands for."""

    name: str


Piece: TypeAlias = "Text | Sequence | Choice | Valued | Rule"


@dataclass
class Scope:
    """The lists and rules that a group of sentences sees, as hassil gives them; `rules` fills up as pieces name them."""

    lists: Mapping[str, Any]
    bodies: Mapping[str, Any]
    language: str
    rules: dict[str, Piece] = field(default_factory=dict)


def tree(expression: Any, scope: Scope) -> Piece:
    """The piece for a hassil `expression`.

    Raises `ConfigError` for a list or rule that is missing, wildcards, and text that is not spoken words.
    """
    from hassil import Alternative, ListReference, Permutation, RuleReference, TextChunk

    if isinstance(expression, TextChunk):
        return Text(_spoken(expression.text))
    if isinstance(expression, ListReference):
        return _list(expression, scope)
    if isinstance(expression, RuleReference):
        return _rule(expression.rule_name, scope)
    items = tuple(tree(item, scope) for item in expression.items)
    if not items:
        raise ConfigError("an alternative is empty: write [this] for what may be left out")
    if isinstance(expression, Alternative):
        return Choice(items)
    if isinstance(expression, Permutation):
        if len(items) > MAX_PERMUTED:
            raise ConfigError(f"expected permutations of at most {MAX_PERMUTED} items, found {len(items)}: write fewer")
        return Choice(tuple(Sequence(order) for order in permutations(items)))
    return Sequence(items)


def _spoken(text: str) -> str:
    wrong = next((char for char in text if char not in "' " and unicodedata.category(char)[0] not in "LM"), None)
    if wrong:
        raise ConfigError(f"expected letters, apostrophes and spaces, found {wrong!r} in {text!r:.80}: write it as it is said")
    return text.lower()


def _rule(name: str, scope: Scope) -> Rule:
    if name not in scope.bodies:
        raise ConfigError(f"there is no expansion rule <{name:.40}>; add it to expansion_rules")
    if name not in scope.rules:
        scope.rules[name] = Text("")  # stands here while the body may name the rule itself
        scope.rules[name] = tree(scope.bodies[name].expression, scope)
    return Rule(name)


def _list(reference: Any, scope: Scope) -> Choice:
    from hassil import RangeSlotList, TextSlotList

    found = scope.lists.get(reference.list_name)
    bounds = reference.get_inline_range()
    if found is None and bounds is not None:
        found = RangeSlotList(None, *bounds)
    if isinstance(found, TextSlotList):
        pairs = [(tree(value.text_in, scope), value.value_out) for value in found.values]
    elif isinstance(found, RangeSlotList):
        pairs = _numbers(found, scope.language)
    elif found is None:
        raise ConfigError(f"there is no list {{{reference.list_name:.40}}}; add it to lists")
    else:
        raise ConfigError(f"the list {{{reference.list_name:.40}}} takes any words, a grammar only words it knows: list them")
    if not pairs or any(value is None for _, value in pairs):
        raise ConfigError(f"the list {{{reference.list_name:.40}}} needs values, and each an `out`")
    if reference.is_capture:
        return Choice(tuple(piece for piece, _ in pairs))
    return Choice(tuple(Valued(piece, reference.slot_name, str(value)) for piece, value in pairs))


def _numbers(numbers: Any, language: str) -> list[tuple[Piece, Any]]:
    from hassil.numbers import get_rbnf_engine

    if not numbers.words:
        raise ConfigError(f"the range {numbers.name} has digits alone, but numbers are said in words: leave out `words: false`")
    if (numbers.stop - numbers.start) // numbers.step > MAX_VALUES:
        raise ConfigError(f"a range has at most {MAX_VALUES} numbers, found {numbers.start} to {numbers.stop}: add a step")
    try:
        engine = get_rbnf_engine(numbers.words_language or language)
    except ValueError as err:
        raise ConfigError(f"numbers can't be written in words of the language {language!r:.20}: {err}") from err
    pairs: list[tuple[Piece, Any]] = []
    for number in numbers.get_numbers():
        value = number if numbers.multiplier is None else number * numbers.multiplier
        texts = engine.format_number(number).text_by_ruleset.values()
        spoken = dict.fromkeys(_spoken(re.sub(r"[-_\u00ad\u200b]", " ", text)) for text in texts)
        pairs += [(Text(text), value) for text in spoken]
    return pairs
