"""A bundle gets another grammar or language model, or a compiled model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_asr.bundle import store
from edge_asr.bundle.change import replace_asset, replace_model
from edge_asr.bundle.store import Bundle, ModelPart, read_bundle
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


def compiled(bundle: Bundle, content: bytes) -> ModelPart:
    window = bundle.manifest.models[0]
    return ModelPart(content, window.input, window.output, (), window.field_frames)


def test_a_model_joins_the_others_and_takes_the_place_of_its_form(tiny_speech: Bundle) -> None:
    replace_model(tiny_speech.path, "edgetpu", compiled(tiny_speech, b"old"))
    found = replace_model(tiny_speech.path, "edgetpu", compiled(tiny_speech, b"new"))
    assert found == read_bundle(tiny_speech.path)
    assert found.models == {**tiny_speech.models, "edgetpu": b"new"}
    assert [model.form for model in found.manifest.models] == ["window", "stream", "edgetpu"]
    assert {path.name for path in tiny_speech.path.iterdir()} == {"manifest.json", *(file.file for file in found.manifest.files)}


@pytest.mark.parametrize("fails_at", ["edgetpu", "manifest"])
def test_a_model_that_can_not_be_written_leaves_the_older_bundle(tiny_bundle: Bundle, monkeypatch, fails_at: str) -> None:
    write_whole = store.write_whole

    def full(path, content):
        if path.name.startswith(fails_at):
            raise OSError("No space left on device")
        write_whole(path, content)

    monkeypatch.setattr(store, "write_whole", full)
    with pytest.raises(BundleError, match="No space left"):
        replace_model(tiny_bundle.path, "edgetpu", compiled(tiny_bundle, b"new"))
    assert read_bundle(tiny_bundle.path) == tiny_bundle


def test_a_model_of_other_tensors_does_not_join(tiny_bundle: Bundle) -> None:
    part = compiled(tiny_bundle, b"new")
    with pytest.raises(BundleError, match="found one of other tensors"):
        replace_model(tiny_bundle.path, "edgetpu", replace(part, output=replace(part.output, scale=9.0)))
    assert read_bundle(tiny_bundle.path) == tiny_bundle
