"""Sentences in Home Assistant's template notation: read, drawn from, and recognised (by hassil, which parses them)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from edge_asr.data.template_tree import Choice, Piece, Rule, Scope, Sequence, Text, tree
from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc.hypothesis import Slot
from edge_asr.runtime.grammar import all_slots

MAX_FILE = 1 << 20
"""Bytes of a template file."""
MAX_NESTED = 200
"""Pieces inside one another while a sentence is drawn: a rule may name itself."""
MAX_PIECES = 2000
"""Pieces of text in a drawn sentence."""


@dataclass(frozen=True)
class Pattern:
    """One sentence pattern."""

    text: str
    """As it is written in the file."""
    intent: str
    slots: tuple[Slot, ...]
    """Given with the pattern; a slot of the same name that is said goes before."""
    body: Piece
    rules: Mapping[str, Piece]


@dataclass(frozen=True)
class Templates:
    """A file of templates."""

    language: str
    patterns: tuple[Pattern, ...]
    """In the order in which hassil tries them."""
    intents: Any
    """hassil's `Intents`."""


@dataclass(frozen=True)
class LabelledSentence:
    """A sentence of lower case words with one space between, and what it means."""

    text: str
    intent: str
    slots: tuple[Slot, ...]


def read_templates(path: Path) -> Templates:
    """The templates of a YAML file (https://developers.home-assistant.io/docs/voice/intent-recognition/template-sentence-syntax).

    A rule that ends in itself is a loop: `digits: "{digit}[ <digits>]"`. Exactly ten: a rule for two, and five of it.
    Raises `ConfigError` when the file is missing, is not such a file, or has what no grammar can hold: wildcards, digits and
    signs instead of words, skip words, required context.
    """
    try:
        if path.stat().st_size > MAX_FILE:
            raise ConfigError(f"{path}: expected at most {MAX_FILE} bytes of templates, found {path.stat().st_size}")
        return parse_templates(path.read_bytes())
    except OSError as err:
        raise ConfigError(f"{path}: expected a file of templates: {err.strerror}") from err
    except ConfigError as err:
        raise ConfigError(f"{path}: {err}") from err


def parse_templates(content: bytes) -> Templates:
    """As `read_templates`, of a file's content."""
    try:
        import yaml
        from hassil import Intents
        from hassil.parser import ParseError
    except ImportError as err:
        raise ConfigError(f"templates need hassil ({err}): pip install 'edge-asr[host]'") from err
    try:
        table = yaml.safe_load(content.decode("utf-8"))
        _check_shape(table)
        intents = Intents.from_dict(table)
        patterns = tuple(pattern for name, intent in intents.intents.items() for pattern in _patterns(name, intent, intents))
    except (yaml.YAMLError, ParseError, UnicodeDecodeError) as err:
        raise ConfigError(f"expected YAML with sentence templates, found: {' '.join(str(err).split())[:200]}") from err
    except (KeyError, ValueError, TypeError, AttributeError, AssertionError, RecursionError) as err:
        raise ConfigError(f"expected templates in Home Assistant's notation: {type(err).__name__} {str(err)[:120]}") from err
    if not patterns:
        raise ConfigError("expected at least one sentence under intents, found none")
    return Templates(intents.language, patterns, intents)


def sample_sentences(templates: Templates, count: int, rng: np.random.Generator) -> tuple[LabelledSentence, ...]:
    """`count` sentences in a drawn order: each intent equally often, its patterns, alternatives and values evenly.

    Raises `ConfigError` when a rule names itself without end.
    """
    names = list(dict.fromkeys(pattern.intent for pattern in templates.patterns))
    by_name = {name: [pattern for pattern in templates.patterns if pattern.intent == name] for name in names}
    some = [by_name[names[i % len(names)]] for i in rng.permutation(count)]
    return tuple(sample_pattern(patterns[rng.integers(len(patterns))], rng) for patterns in some)


def sample_pattern(pattern: Pattern, rng: np.random.Generator) -> LabelledSentence:
    """One sentence of `pattern`, drawn like those of `sample_sentences`."""
    said: list[Slot] = []
    texts = tuple(islice(_draw(pattern.body, pattern.rules, rng, said, 0), MAX_PIECES + 1))
    if len(texts) > MAX_PIECES:
        raise ConfigError(f"{pattern.text!r:.80} makes a sentence of more than {MAX_PIECES} pieces: make it shorter")
    return LabelledSentence(" ".join("".join(texts).split()), pattern.intent, all_slots(tuple(said), pattern.slots))


def recognize(templates: Templates, text: str) -> LabelledSentence | None:
    """What hassil takes `text` for, or None when no pattern fits."""
    from hassil import recognize

    result = recognize(text, templates.intents)
    if result is None:
        return None
    return LabelledSentence(text, result.intent.name, tuple(Slot(slot.name, str(slot.value)) for slot in result.entities_list))


def _check_shape(table: Any) -> None:
    if not isinstance(table, dict) or not isinstance(table.get("language"), str) or not isinstance(table.get("intents"), dict):
        raise ConfigError("expected a table with `language` (a text) and `intents` (a table)")
    if table.get("skip_words"):
        raise ConfigError("skip_words have no place in a grammar: write [please ] where it may be said")


def _patterns(name: str, intent: Any, intents: Any) -> Iterator[Pattern]:
    for data in intent.data:
        if data.requires_context or data.required_keywords:
            raise ConfigError(f"{name}: a grammar knows no context; leave out requires_context and required_keywords")
        lists, bodies = {**intents.slot_lists, **data.slot_lists}, {**intents.expansion_rules, **data.expansion_rules}
        scope = Scope(lists, bodies, intents.language)
        slots = tuple(Slot(str(slot), str(value)) for slot, value in data.slots.items())
        for sentence in data.sentences:
            try:
                body = tree(sentence.expression, scope)
            except ConfigError as err:
                raise ConfigError(f"{name}: {sentence.text!r:.80}: {err}") from err
            yield Pattern(sentence.text, name, slots, body, scope.rules)


def _draw(piece: Piece, rules: Mapping[str, Piece], rng: np.random.Generator, said: list[Slot], depth: int) -> Iterator[str]:
    if depth > MAX_NESTED:
        raise ConfigError("an expansion rule names itself without end: let what follows be left out, like [ <digits>]")
    if isinstance(piece, Text):
        yield piece.text
    elif isinstance(piece, Sequence):
        for item in piece.items:
            yield from _draw(item, rules, rng, said, depth + 1)
    elif isinstance(piece, Choice):
        yield from _draw(piece.items[rng.integers(len(piece.items))], rules, rng, said, depth + 1)
    elif isinstance(piece, Rule):
        yield from _draw(rules[piece.name], rules, rng, said, depth + 1)
    else:
        yield from _draw(piece.piece, rules, rng, said, depth + 1)
        said.append(Slot(piece.name, piece.value))
