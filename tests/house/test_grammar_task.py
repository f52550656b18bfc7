"""What `invoke grammar` does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.errors import ConfigError
from edge_asr.runtime.grammar import Pronunciation, read_grammar
from edge_asr.tasks.speech import compile_templates, put_grammar

ANSWERS = "language: en\nintents: {Answer: {data: [{sentences: ['(yes|no)']}]}}"


def test_templates_become_a_file(tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text(ANSWERS)
    assert "2 words, 2 states, 2 arcs" in compile_templates(tmp_path / "answers.yaml", tmp_path / "answers.json")
    assert read_grammar((tmp_path / "answers.json").read_bytes()).words == ("no", "yes")


def test_templates_become_a_part_of_a_bundle_that_can_say_them(tiny_speech: Bundle, tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text(ANSWERS)
    put_grammar(tmp_path / "answers.yaml", tiny_speech.path)
    with_grammar = read_bundle(tiny_speech.path)
    assert read_grammar(with_grammar.assets["grammar"]).words == ("no", "yes")
    (tmp_path / "answers.yaml").write_text(ANSWERS.replace("no", "perhaps"))
    with pytest.raises(ConfigError, match="no word 'perhaps'"):
        put_grammar(tmp_path / "answers.yaml", tiny_speech.path)
    assert read_bundle(tiny_speech.path) == with_grammar


def test_recognisers_of_phonemes_are_told_how_words_are_said(tiny_speech: Bundle, tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text(ANSWERS)
    compile_templates(tmp_path / "answers.yaml", tmp_path / "answers.json", phonemes=True)
    found = read_grammar((tmp_path / "answers.json").read_bytes()).pronunciations
    assert found == (Pronunciation("no", ("n", "oʊ")), Pronunciation("yes", ("j", "ɛ", "s")))
    manifest = tiny_speech.path / "manifest.json"
    table = json.loads(manifest.read_text())
    table["speech"]["unit"] = "phonemes"
    manifest.write_text(json.dumps(table))
    with pytest.raises(ConfigError, match="no phoneme 'j'"):  # asked for, though nobody said so
        put_grammar(tmp_path / "answers.yaml", tiny_speech.path)


def test_keyword_bundles_take_no_grammar(tiny_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text(ANSWERS)
    with pytest.raises(ConfigError, match="'keywords'"):
        put_grammar(tmp_path / "answers.yaml", tiny_bundle.path)
