"""A bundle gets another grammar or language model."""

from __future__ import annotations

import pytest

from edge_asr.bundle.store import Bundle, read_bundle, replace_asset
from edge_asr.errors import BundleError


def test_an_asset_takes_the_place_of_the_one_with_its_role(tiny_speech: Bundle) -> None:
    replace_asset(tiny_speech.path, "lm", "lm.arpa", b"model")
    replace_asset(tiny_speech.path, "grammar", "grammar.json", b"old")
    found = replace_asset(tiny_speech.path, "grammar", "grammar.json", b"new")
    assert found == read_bundle(tiny_speech.path)
    assert found.assets == {"lm": b"model", "grammar": b"new"}
    assert found.models == tiny_speech.models
    assert {path.name for path in tiny_speech.path.iterdir()} == {"manifest.json", *(file.file for file in found.manifest.files)}


def test_the_same_asset_again_changes_nothing(tiny_speech: Bundle) -> None:
    assert replace_asset(tiny_speech.path, "lm", "lm.arpa", b"model") == replace_asset(
        tiny_speech.path, "lm", "lm.arpa", b"model"
    )


def test_bundles_that_take_no_assets_stay_whole(tiny_bundle: Bundle) -> None:
    with pytest.raises(BundleError):
        replace_asset(tiny_bundle.path, "lm", "lm.arpa", b"model")
    assert read_bundle(tiny_bundle.path) == tiny_bundle
