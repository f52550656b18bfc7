"""Templates: what is read, drawn and refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.compile_grammar import compile_grammar
from edge_asr.data.templates import parse_templates, read_templates, recognize, sample_sentences
from edge_asr.errors import ConfigError
from edge_asr.runtime.ctc.hypothesis import Slot

LIGHTS = """
language: en
intents:
  TurnOn:
    data:
      - sentences: ["[please ]turn on [the ]{area} light[s]", "lights on"]
        slots: {domain: light}
  Dim:
    data:
      - sentences: ["Dim <it> to {level}[ percent]"]
expansion_rules:
  it: "(it|[the ]{area:place} light)"
lists:
  area: {values: [kitchen, {in: "(kids|children's) room", out: nursery}]}
  level: {range: {from: 20, to: 22}}
"""


def one(sentence: str, more: str = "") -> bytes:
    """A template file of one sentence."""
    return f"language: en\nintents: {{I: {{data: [{{sentences: ['{sentence}']}}]}}}}\n{more}".encode()


def test_sentences_are_lower_case_words_with_numbers_in_words() -> None:
    sentences = sample_sentences(parse_templates(LIGHTS.encode()), 400, np.random.default_rng(0))
    texts = {sentence.text for sentence in sentences}
    assert {
        "dim it to twenty one percent",
        "dim the children's room light to twenty",
        "lights on",
        "turn on kitchen lights",
    } <= texts
    assert all(set(text) <= set("abcdefghijklmnopqrstuvwxyz' ") and " ".join(text.split()) == text for text in texts)


def test_sentences_have_the_slots_that_are_said_then_those_given() -> None:
    sentences = {s.text: s for s in sample_sentences(parse_templates(LIGHTS.encode()), 400, np.random.default_rng(0))}
    assert sentences["turn on kids room lights"].slots == (Slot("area", "nursery"), Slot("domain", "light"))
    assert sentences["dim the kitchen light to twenty one"].slots == (Slot("place", "kitchen"), Slot("level", "21"))


def test_each_intent_comes_equally_often_and_a_seed_decides() -> None:
    templates = parse_templates(LIGHTS.encode())
    drawn = sample_sentences(templates, 101, np.random.default_rng(4))
    assert sorted(Counter(sentence.intent for sentence in drawn).values()) == [50, 51]
    assert drawn == sample_sentences(templates, 101, np.random.default_rng(4))
    assert drawn != sample_sentences(templates, 101, np.random.default_rng(5))


def test_recognised_sentences_mean_what_was_drawn() -> None:
    templates = parse_templates(LIGHTS.encode())
    for sentence in sample_sentences(templates, 200, np.random.default_rng(1)):
        assert recognize(templates, sentence.text) == sentence
    assert recognize(templates, "dim the garden") is None


def test_a_rule_that_ends_in_itself_is_drawn_with_an_end() -> None:
    templates = parse_templates(one("<some>", 'expansion_rules: {some: "(one|two)[ <some>]"}'))
    lengths = [len(sentence.text.split()) for sentence in sample_sentences(templates, 500, np.random.default_rng(0))]
    assert min(lengths) == 1
    assert np.mean(lengths) == pytest.approx(2.0, abs=0.25)  # geometric: mean 2, deviation 1.4; 0.25 is 4 errors of 500 draws


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "language"),
        (b"\xff\xfe", "YAML"),
        (b"a: [", "YAML"),
        (b"- en", "language"),
        (b"language: en\nintents: {}", "at least one sentence"),
        (b"language: en\nintents: {I: {}}", "notation"),
        (b"language: en\nintents: {I: {data: [{sentences: 7}]}}", "notation"),
        (b"language: en\nintents: {I: {data: [{sentences: [7]}]}}", "notation"),
        (one("turn (on"), "YAML with sentence templates"),
        (one("turn <on>"), "no expansion rule <on>"),
        (one("turn {on}"), "no list {on}"),
        (one("channel 5"), "found '5'"),
        (one("lights on!"), "found '!'"),
        (one("(|lights) on"), "alternative is empty"),
        (one("(a;b;c;d;e;f)"), "5 items"),
        (one("play {song}", "lists: {song: {wildcard: true}}"), "takes any words"),
        (one("{0..99:n}", "skip_words: [please]"), "skip_words"),
        (one("{n}", "lists: {n: {range: {from: 0, to: 9000}}}"), "at most 2000"),
        (one("{n}", "lists: {n: {range: {from: 0, to: 9, words: false}}}"), "digits alone"),
        (one("{n}", "lists: {n: {range: {from: 9, to: 0}}}"), "notation"),
        (one("{n}", "lists: {n: {values: []}}"), "needs values"),
        (one("{n}", "lists: {n: {values: [{in: one}]}}"), "needs values"),
        (one("{0..9:n}").replace(b": en", b": xx"), "language 'xx'"),
        (b"language: en\nintents: {I: {data: [{sentences: [a], requires_context: {domain: x}}]}}", "no context"),
        (one("(" * 5000 + "a" + ")" * 5000), "notation"),
    ],
)
def test_what_no_grammar_can_hold_is_refused(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=f"some.yaml: .*{says}"):
        read_templates(path)


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.yaml: expected a file"):
        read_templates(tmp_path / "nowhere.yaml")
    (tmp_path / "huge.yaml").write_bytes(b"#" * (1 << 21))
    with pytest.raises(ConfigError, match="at most 1048576 bytes"):
        read_templates(tmp_path / "huge.yaml")


def test_rules_without_end_are_refused() -> None:
    endless = parse_templates(one("<a>", 'expansion_rules: {a: "x <a>"}'))
    with pytest.raises(ConfigError, match="without end"):
        sample_sentences(endless, 1, np.random.default_rng(0))
    doubling = {f"r{n}": f"<r{n + 1}> <r{n + 1}>" for n in range(30)} | {"r30": "x"}
    bomb = parse_templates(one("<r0>", f"expansion_rules: {doubling}"))
    with pytest.raises(ConfigError, match="more than 2000 pieces"):
        sample_sentences(bomb, 1, np.random.default_rng(0))


def test_damaged_templates_are_read_or_refused_and_nothing_else() -> None:
    rng = np.random.default_rng(6)
    signs = list("()[]{}<>|;:'\" ,.-\\n0aé")
    compiled = 0
    for _ in range(400):
        damaged = list(LIGHTS)
        for place in rng.integers(len(damaged), size=rng.integers(1, 5)):
            damaged[place] = signs[rng.integers(len(signs))] if rng.random() < 0.8 else ""
        try:
            templates = parse_templates("".join(damaged).encode())
            sample_sentences(templates, 5, np.random.default_rng(0))
            compile_grammar(templates)
        except ConfigError:
            continue
        compiled += 1
    assert compiled > 20  # else the damage never comes as far as the graph
