"""Grammars: what they accept, their file, and everything that is not one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc.hypothesis import Slot
from edge_asr.runtime.grammar import (
    MAX_ARCS,
    MAX_BYTES,
    MAX_PARSES,
    MAX_STATES,
    Arc,
    Final,
    Grammar,
    Parse,
    Pronunciation,
    read_grammar,
    write_grammar,
)

KITCHEN = Slot("area", "kitchen")
LIGHTS = Grammar(
    "en",
    4,
    (Arc(0, 1, "lights"), Arc(1, 2, "on"), Arc(1, 2, "off", (Slot("state", "off"),)), Arc(2, 3, "kitchen", (KITCHEN,))),
    (Final(2, "Switch", (Slot("state", "on"),)), Final(3, "Switch", (Slot("state", "on"), Slot("area", "all")))),
)


def test_a_sentence_is_accepted_with_its_intent_and_slots() -> None:
    assert LIGHTS.parses(["lights", "on"]) == (Parse("Switch", (Slot("state", "on"),)),)
    assert LIGHTS.parses(["lights", "on", "kitchen"]) == (Parse("Switch", (KITCHEN, Slot("state", "on"))),)


def test_a_slot_that_was_said_goes_before_the_one_given() -> None:
    assert LIGHTS.parses(["lights", "off"]) == (Parse("Switch", (Slot("state", "off"),)),)


@pytest.mark.parametrize("words", [[], ["lights"], ["on"], ["lights", "on", "on"], ["lights", "on", "kitchen", "kitchen"], ["x"]])
def test_what_is_not_a_sentence_has_no_meaning(words: list[str]) -> None:
    assert LIGHTS.parses(words) == ()


def test_a_loop_takes_as_many_words_as_are_said() -> None:
    loop = Grammar("en", 1, (Arc(0, 0, "one"), Arc(0, 0, "two")), (Final(0, "Digits"),))
    assert loop.parses(["one", "two"] * 500) == (Parse("Digits", ()),)


def test_the_first_final_is_the_meaning_that_counts_and_meanings_are_bounded() -> None:
    twice = Grammar("en", 2, (Arc(0, 1, "go"),), (Final(1, "Second"), Final(1, "First")))
    assert [parse.intent for parse in twice.parses(["go"])] == ["Second", "First"]
    values = tuple(Arc(0, 0, "a", (Slot("s", str(n)),)) for n in range(2))
    assert len(Grammar("en", 1, values, (Final(0, "I"),)).parses(["a"] * 40)) == MAX_PARSES  # of 2 ** 40


def test_the_file_holds_the_grammar() -> None:
    assert read_grammar(write_grammar(LIGHTS)) == LIGHTS
    assert b"pronunciations" not in write_grammar(LIGHTS)
    said = (Pronunciation("light", ("l", "aɪ", "t")), Pronunciation("light", ("l", "aɪ")))
    assert read_grammar(write_grammar(replace(LIGHTS, pronunciations=said))).pronunciations == said
    assert LIGHTS.words == ("kitchen", "lights", "off", "on")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"states": 0}, "1 to"),
        ({"states": MAX_STATES + 1}, "states"),
        ({"states": 5}, "state 4 can't be reached"),
        ({"states": 3}, "0 to 2, found 0 to 3"),
        ({"arcs": []}, "found 4 states, 0 arcs, 2 finals"),
        ({"arcs": [[0, 1, "a"], [1, 2, "b"]]}, "state 3 can't be reached"),
        ({"finals": []}, "leads to no end"),
        ({"finals": [[9, "Switch"]]}, "found 0 to 9"),
        ({"finals": [[-1, "Switch"]]}, "found -1 to 3"),
        ({"finals": [[2, "Switch"]]}, "state 3 leads to no end"),
        ({"finals": [[3, "Switch", "slot"]]}, "intent, slot, value"),
        ({"finals": [[3, "Switch", "slot", 7]]}, "intent, slot, value"),
        ({"finals": [[3, 7]]}, "state, intent"),
        ({"arcs": [[0, 1, "a b"], [1, 2, "b"], [2, 3, "c"]]}, "without spaces"),
        ({"arcs": [[0, 1, ""], [1, 2, "b"], [2, 3, "c"]]}, "without spaces"),
        ({"arcs": [[0, 1, "a" * 65], [1, 2, "b"], [2, 3, "c"]]}, "64 characters"),
        ({"arcs": [[0, 1, "a", *["s", "v"] * 17], [1, 2, "b"], [2, 3, "c"]]}, "16 slots"),
        ({"arcs": [[0, True, "a"]]}, "from, to, word"),
        ({"arcs": ["lights"]}, "from, to, word"),
        ({"arcs": {"0": 1}}, "lists"),
        ({"pronunciations": "k ɪ tʃ"}, "list of pronunciations"),
        ({"pronunciations": [["kitchen"]]}, "word, phoneme"),
        ({"pronunciations": [["kitchen", 1]]}, "word, phoneme"),
        ({"pronunciations": [["kitchen", *["k"] * 65]]}, "64 phonemes"),
        ({"pronunciations": [["kitchen", "k"]] * (MAX_ARCS + 1)}, f"at most {MAX_ARCS} pronunciations"),
        ({"language": None}, "language"),
        ({"format": "edge-asr grammar 2"}, "format"),
    ],
)
def test_a_file_that_is_not_sound_says_what_is_wrong(changes: dict[str, Any], says: str) -> None:
    table = {**json.loads(write_grammar(LIGHTS)), **changes}
    with pytest.raises(ConfigError, match=says):
        read_grammar(json.dumps(table).encode())


def test_other_files_are_refused() -> None:
    for content in (b"", b"[]", b"\xff\xfe", b"[" * 100_000, b" " * (MAX_BYTES + 1)):
        with pytest.raises(ConfigError, match="^grammar: "):
            read_grammar(content)


def test_damaged_files_are_read_or_refused_and_nothing_else() -> None:
    rng = np.random.default_rng(3)
    whole = np.frombuffer(write_grammar(LIGHTS), np.uint8)
    read = 0
    for _ in range(1500):
        damaged = whole.copy()
        damaged[rng.integers(len(whole), size=rng.integers(1, 4))] = rng.integers(32, 127)
        if rng.random() < 0.2:
            damaged = damaged[: rng.integers(len(whole))]
        try:
            grammar = read_grammar(damaged.tobytes())
        except ConfigError:
            continue
        read += 1
        grammar.parses(["lights", "on"])
    assert read > 10  # a letter of a word may change: else the damage never came as far as the graph
