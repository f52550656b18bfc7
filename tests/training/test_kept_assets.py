"""A bundle that is written anew keeps what somebody has put there, and says so; or says that it could not."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_asr.bundle.change import replace_asset
from edge_asr.bundle.store import Bundle, read_bundle
from edge_asr.training.kept_assets import RECORD, keep_assets
from edge_asr.training.recipe import Recipe, recipe_from_table
from tests.bundle.damage import edit_manifest
from tests.training.toy_speech import MODEL

OWN = {"grammar": ("grammar.json", b"the run's")}


def recipe(*words: str, unit: str = "words") -> Recipe:
    speech = {"unit": unit, "words": list(words)} if unit == "words" else {"unit": unit}
    return recipe_from_table({"name": "toy", "speech": speech, "model": MODEL}, source="toy")


@pytest.fixture
def place(tiny_speech: Bundle) -> Path:
    """A bundle that writes yes and no, to which somebody has added a language model and a grammar."""
    replace_asset(tiny_speech.path, "lm", "lm.arpa.gz", b"somebody's model")
    replace_asset(tiny_speech.path, "grammar", "grammar.json", b"somebody's grammar")
    return tiny_speech.path


def test_what_was_put_there_by_hand_stays_with_the_same_tokens(place: Path):
    said: list[str] = []
    kept = keep_assets(place, recipe("yes", "no"), {}, said.append)
    assert kept == {"lm": ("lm.arpa.gz", b"somebody's model"), "grammar": ("grammar.json", b"somebody's grammar")}
    assert [f"{place}: kept the" in line for line in said] == [True, True]
    assert f"invoke lm --text FILE --bundle {place}" in said[0]
    assert f"invoke grammar --templates FILE --bundle {place}" in said[1]


def test_a_grammar_put_by_hand_goes_before_that_of_the_run(place: Path):
    said: list[str] = []
    kept = keep_assets(place, recipe("yes", "no"), OWN, said.append)
    assert kept["grammar"] == ("grammar.json", b"somebody's grammar")
    assert "instead of the run's own" not in said[0]
    assert "instead of the run's own" in said[1]


@pytest.mark.parametrize("content", [b"the run's", b"of an older run"])
def test_a_grammar_that_a_run_has_put_there_is_replaced(place: Path, content: bytes):
    """What a run has written is known from the manifest; what it would write now is its own in any case."""
    replace_asset(place, "grammar", "grammar.json", content)
    if content != b"the run's":
        (digest,) = [asset.sha256 for asset in read_bundle(place).manifest.assets if asset.role == "grammar"]
        edit_manifest(place, lambda table: table["provenance"].update({RECORD: {"grammar": digest}}))
    said: list[str] = []
    kept = keep_assets(place, recipe("yes", "no"), OWN, said.append)
    assert kept == {"lm": ("lm.arpa.gz", b"somebody's model"), **OWN}
    assert len(said) == 1


@pytest.mark.parametrize("record", [None, 3, [], {"grammar": 1}])
def test_a_record_of_any_other_kind_tells_nothing(place: Path, record: object):
    edit_manifest(place, lambda table: table["provenance"].update({RECORD: record}))
    assert set(keep_assets(place, recipe("yes", "no"), {})) == {"lm", "grammar"}


@pytest.mark.parametrize("other", [recipe("yes", "no", "oh"), recipe("no", "yes"), recipe(unit="characters")])
def test_of_other_tokens_it_is_dropped_with_how_to_put_it_back(place: Path, other: Recipe):
    said: list[str] = []
    assert keep_assets(place, other, OWN, said.append) == OWN
    model, grammar = said
    assert model.startswith(f"{place}: dropped the language model lm.arpa-")
    assert model.endswith(f"for other tokens. To put it there again: invoke lm --text FILE --bundle {place}")
    assert "the run's own is there now. To put it there again: invoke grammar --templates FILE" in grammar


def test_nothing_is_said_where_nothing_was(tiny_bundle: Bundle, tiny_speech: Bundle, tmp_path: Path):
    said: list[str] = []
    for folder in (tmp_path / "nowhere", tmp_path, tiny_bundle.path, tiny_speech.path):
        assert keep_assets(folder, recipe("yes", "no"), OWN, said.append) == OWN
    assert said == []


def test_a_damaged_bundle_is_said(place: Path):
    (file,) = place.glob("lm.arpa-*.gz")
    file.write_bytes(b"other")
    said: list[str] = []
    assert keep_assets(place, recipe("yes", "no"), OWN, said.append) == OWN
    assert len(said) == 1
    assert "put it there again" in said[0]
    assert str(file) in said[0]
