"""Compiled grammars accept what hassil recognises, with the same meaning, and nothing else."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.compile_grammar import compile_grammar
from edge_asr.data.templates import LabelledSentence, Templates, parse_templates, read_templates, recognize, sample_pattern
from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc.hypothesis import Slot
from edge_asr.runtime.grammar import Grammar

MODELS = Path(__file__).parents[2] / "models"
HOME = MODELS / "home" / "home.yaml"
DIGITS = MODELS / "digits" / "digits.yaml"


def understood(grammar: Grammar, text: str) -> LabelledSentence | None:
    parses = grammar.parses(text.split())
    return LabelledSentence(text, *parses[0]) if parses else None


def meaning(sentence: LabelledSentence | None) -> object:
    """Slots in any order: hassil's is that of its own search."""
    return sentence and (sentence.intent, sorted(sentence.slots, key=lambda slot: (slot.name, slot.value)))


@pytest.fixture(scope="module")
def home() -> tuple[Templates, Grammar]:
    templates = read_templates(HOME)
    return templates, compile_grammar(templates)


def test_home_has_some_forty_patterns_and_a_small_graph(home: tuple[Templates, Grammar]) -> None:
    templates, grammar = home
    assert 40 <= len(templates.patterns) <= 70
    assert len({pattern.intent for pattern in templates.patterns}) == 13
    assert grammar.states < 1200  # 997 when this was written: equal parts are one
    assert len(grammar.arcs) < 8000


def test_every_pattern_of_home_is_accepted_as_hassil_takes_it(home: tuple[Templates, Grammar]) -> None:
    templates, grammar = home
    rng = np.random.default_rng(0)
    for pattern in templates.patterns:
        for _ in range(12):
            sentence = sample_pattern(pattern, rng)
            assert (
                meaning(understood(grammar, sentence.text)) == meaning(sentence) == meaning(recognize(templates, sentence.text))
            )


def test_changed_sentences_of_home_are_accepted_where_hassil_takes_them(home: tuple[Templates, Grammar]) -> None:
    templates, grammar = home
    rng = np.random.default_rng(1)
    taken = 0
    for pattern in templates.patterns * 8:
        words = sample_pattern(pattern, rng).text.split()
        place = int(rng.integers(len(words)))
        other = grammar.words[rng.integers(len(grammar.words))]
        change = int(rng.integers(4))
        words[place : place + 1] = ([], [other], [words[place], other], [words[place]] * 2)[change]
        text = " ".join(words)
        found = understood(grammar, text)
        assert meaning(found) == meaning(recognize(templates, text))
        taken += found is not None
    assert 20 < taken < 300  # of 480: both answers are tried


PIECES = ("{}", "[{} ]{}", "({}|{} a)", "{}[ {}]", "[{}]{}", "({};{})", "{{s}}", "<r> {}", "[<r> ]{}", "{{s:t}} {}")
MORE = """
expansion_rules: {r: "(b [a ]|c) a"}
lists:
  s: {values: [a, b a, {in: "[a ](b|c)", out: x}]}
"""


@pytest.mark.parametrize("seed", range(40))
def test_small_languages_are_hassils(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def sentence() -> str:
        pieces = (PIECES[i] for i in rng.integers(len(PIECES), size=rng.integers(1, 4)))
        return " ".join(piece.format(*["abc"[i] for i in rng.integers(3, size=2)]) for piece in pieces)

    table = {f"I{n}": {"data": [{"sentences": [sentence(), sentence()], "slots": {"k": str(n)}}]} for n in range(2)}
    templates = parse_templates(f"language: en\nintents: {table}\n{MORE}".encode())
    grammar = compile_grammar(templates)
    for length in range(1, 5):
        for words in product("abc", repeat=length):
            text = " ".join(words)
            found, expected = understood(grammar, text), recognize(templates, text)
            assert (found is None) == (expected is None), (text, table)
            if found and expected:
                # an ambiguous sentence may have its slots in another way, but the first intent is the one
                meanings = [meaning(LabelledSentence(text, *parse)) for parse in grammar.parses(words)]
                assert found.intent == expected.intent
                assert meaning(expected) in meanings, (text, table)


def test_digits_are_a_loop_and_ten_of_them_a_chain() -> None:
    loop = compile_grammar(read_templates(DIGITS))
    assert (loop.states, len(loop.arcs), len(loop.words)) == (2, 22, 11)
    assert understood(loop, "four oh two") == recognize(read_templates(DIGITS), "four oh two")
    assert loop.parses(["nine"] * 200)
    assert not loop.parses([])
    ten = compile_grammar(parse_templates(DIGITS.read_bytes().replace(b'["<digits>"]', b'["<ten>"]')))
    assert [len(ten.parses(["nine"] * count)) for count in range(9, 12)] == [0, 1, 0]


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ('{a: "<a> x"}', "names itself before its end"),
        ('{a: "[<a> ]x"}', "names itself before its end"),
        ('{a: "x <a>"}', "1 to"),
        (str({f"r{n}": f"<r{n + 1}> <r{n + 1}>" for n in range(30)} | {"r30": "x", "a": "<r0>"}), "nodes"),
        (str({"a": "".join("[x|y]" for _ in range(20))}), "ways to the end of a word"),
    ],
)
def test_what_makes_no_small_graph_is_refused(rules: str, says: str) -> None:
    templates = parse_templates(
        f"language: en\nintents: {{I: {{data: [{{sentences: ['<a>']}}]}}}}\nexpansion_rules: {rules}".encode()
    )
    with pytest.raises(ConfigError, match=says):
        compile_grammar(templates)


def test_a_loop_beside_another_sentence_does_not_run_into_it() -> None:
    table = "language: en\nintents: {I: {data: [{sentences: ['(<a>|stop)']}]}}\nexpansion_rules: {a: '(one|two)[ <a>]'}"
    grammar = compile_grammar(parse_templates(table.encode()))
    assert grammar.parses(["stop"])
    assert grammar.parses(["one", "two", "two"])
    assert not grammar.parses(["one", "stop"])


def test_a_loop_that_may_take_nothing_ends() -> None:
    table = "language: en\nintents: {I: {data: [{sentences: ['go <a>']}]}}\nexpansion_rules: {a: '[x ][<a>]'}"
    assert compile_grammar(parse_templates(table.encode())).parses(["go", "x", "x"])


@pytest.mark.parametrize(
    ("sentence", "values", "text", "slots"),
    [
        ("{outer}", '[{in: "{inner}", out: o}]', "b", [("inner", "b"), ("outer", "o")]),  # two slots at one word
        ("go {area}", '[{in: "(a )", out: o}]', "go a", [("area", "o")]),  # a slot that is known after the last word
        ("go {area} b", '[{in: "(a )", out: o}]', "go a b", [("area", "o")]),
        ("go {area:@said}", "[a]", "go a", []),  # a capture is for answers
        ("go{area}n", "[i]", "goin", [("area", "i")]),  # within a word
    ],
)
def test_slots_end_where_their_values_do(sentence: str, values: str, text: str, slots: list[tuple[str, str]]) -> None:
    lists = f"lists: {{inner: {{values: [b]}}, outer: {{values: {values}}}, area: {{values: {values}}}}}"
    templates = parse_templates(f"language: en\nintents: {{I: {{data: [{{sentences: ['{sentence}']}}]}}}}\n{lists}".encode())
    expected = LabelledSentence(text, "I", tuple(Slot(*slot) for slot in slots))
    assert understood(compile_grammar(templates), text) == expected
    assert sample_pattern(templates.patterns[0], np.random.default_rng(0)) == expected
    assert meaning(recognize(templates, text)) == meaning(expected)


def test_other_languages_have_their_own_numbers() -> None:
    table = "language: de\nintents: {I: {data: [{sentences: ['stelle {0..30:grad} grad für die küche']}]}}"
    grammar = compile_grammar(parse_templates(table.encode()))
    assert grammar.parses(["stelle", "einundzwanzig", "grad", "für", "die", "küche"])[0].slots[0].value == "21"
