"""Bundles of speech: what their manifests must say, and the files beside the models."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from edge_asr.bundle import store
from edge_asr.bundle.change import rewrite_manifest
from edge_asr.bundle.speech import MOST_TOKENS, EndpointSpec, SpeechDecodeSpec
from edge_asr.bundle.store import Bundle, ManifestDraft, ModelPart, read_bundle, write_bundle
from edge_asr.errors import BundleError
from tests.bundle.damage import edit_manifest

ASSETS = {"lm": ("words.arpa", b"a language model"), "grammar": ("grammar.json", b"a grammar")}


def write_again(bundle: Bundle, assets=None, **changes) -> Bundle:
    manifest = bundle.manifest
    draft = ManifestDraft(manifest.name, manifest.labels, manifest.frontend, kind="speech", speech=manifest.speech)
    parts = {m.form: ModelPart(bundle.models[m.form], m.input, m.output, m.states, m.field_frames) for m in manifest.models}
    return write_bundle(bundle.path, replace(draft, **changes), parts, assets)


def set_key(*path, value):
    def change(table):
        for key in path[:-1]:
            table = table[key]
        table[path[-1]] = value

    return change


TABLE_DAMAGE = {
    "no speech table": (lambda t: t.pop("speech"), "speech must be a table"),
    "a table of nothing": (set_key("speech", value={}), "unit"),
    "a speech table of keywords": (set_key("kind", value="keywords"), "for bundles of kind 'speech'"),
    "another unit": (set_key("speech", "unit", value="phones"), "'words', 'characters'"),
    "words for characters": (set_key("speech", "unit", value="characters"), "single characters .* found 'yes'"),
    "blank is not the first": (set_key("labels", value=["yes", "_blank_", "no"]), "must be '_blank_'"),
    "a word of two": (set_key("labels", 1, value="yes sir"), "words without spaces"),
    "a phoneme of two": (
        lambda t: (t["speech"].update(unit="phonemes"), t["labels"].__setitem__(1, "t ʃ")),
        "phonemes without spaces",
    ),
    "a token that rings": (set_key("labels", 1, value="yes\x07"), "printable"),
    "too many tokens": (lambda t: t["labels"].extend(map(str, range(MOST_TOKENS))), f"at most {MOST_TOKENS - 1} others"),
    "a token too many": (lambda t: t["labels"].append("maybe"), "does not fit 4 tokens"),
    "another stride": (set_key("speech", "stride_frames", value=1), "a stride of 1"),
    "a stride longer than the field": (
        lambda t: (t["speech"].update(stride_frames=4), t["models"][0].update(field_frames=3)),
        "field_frames of at least the stride, 4, found 3",
    ),
    "a step between strides": (set_key("speech", "step_ms", value=60), "multiple of the stride, 2 frames, found 3"),
    "a step that is not the file's": (set_key("speech", "step_ms", value=160), "takes 4 frames a step, but .* makes 8"),
    "a window without its field": (set_key("models", 0, "field_frames", value=0), "field_frames of at least the stride"),
    "fields that differ": (
        lambda t: (t["models"][0].update(field_frames=19), t["models"][0]["output"].update(shape=[1, 8, 3])),
        r"equally many frames, found \[17, 19\]",
    ),
    "a field that does not leave the outputs": (set_key("models", 0, "field_frames", value=15), "a field of 15 frames"),
    "a field longer than the window": (set_key("models", 0, "field_frames", value=35), "does not fit"),
    "a field between strides": (set_key("models", 0, "field_frames", value=16), "does not fit"),
    "a field of hours": (set_key("models", 1, "field_frames", value=10**7), "at most"),
    "outputs of a keyword model": (set_key("models", 1, "output", "shape", value=[1, 3]), "does not fit 3 tokens"),
    "clips": (set_key("clip_samples", value=16000), "clip_samples is for bundles of keywords"),
    "a beam of none": (set_key("speech", "beam", value=0), "at least 1"),
    "a language that is none": (set_key("speech", "language", value="../en"), "a tag like 'en'"),
    "a gate that is not known": (set_key("speech", "endpoint", "gate", value="door"), "'energy', 'webrtcvad', 'pysilero'"),
    "no hang-over": (set_key("speech", "endpoint", "hang_over_ms", value=0), "hang_over_ms"),
    "an endless utterance": (set_key("speech", "endpoint", "max_utterance_s", value=1e9), "max_utterance_s"),
}


@pytest.mark.parametrize("name", TABLE_DAMAGE)
def test_tables_that_do_not_fit_are_refused(tiny_speech: Bundle, name: str):
    change, said = TABLE_DAMAGE[name]
    edit_manifest(tiny_speech.path, change)
    with pytest.raises(BundleError, match=said):
        read_bundle(tiny_speech.path)


def test_characters_are_tokens_too(tiny_speech: Bundle):
    edit_manifest(tiny_speech.path, lambda t: (t["speech"].update(unit="characters"), t.update(labels=["_blank_", " ", "ß"])))
    assert read_bundle(tiny_speech.path).manifest.labels == ("_blank_", " ", "ß")


def test_a_bundle_is_read_as_it_was_written(tiny_speech: Bundle):
    spec = SpeechDecodeSpec("words", language="pt-BR", beam=3, endpoint=EndpointSpec("webrtcvad", hang_over_ms=300))
    written = write_again(tiny_speech, ASSETS, speech=spec)
    found = read_bundle(tiny_speech.path)
    assert found == written
    assert found.manifest.speech == spec
    assert found.assets == {"lm": b"a language model", "grammar": b"a grammar"}
    names = sorted(path.name for path in found.path.iterdir())
    assert names == sorted(["manifest.json", *(entry.file for entry in found.manifest.files)])
    assert [name.split("-")[0] for name in names] == ["grammar", "manifest.json", "stream", "window", "words"]
    assert all((found.path / name).stat().st_mode & 0o777 == 0o644 for name in names)


def test_an_older_bundles_assets_go(tiny_speech: Bundle):
    older = {asset.file for asset in write_again(tiny_speech, ASSETS).manifest.assets}
    newer = write_again(tiny_speech, {"grammar": ("grammar.json", b"another grammar")})
    there = {path.name for path in newer.path.iterdir()}
    assert not older & there
    assert {asset.file for asset in newer.manifest.assets} <= there


def test_a_crash_leaves_the_older_assets(tiny_speech: Bundle, monkeypatch):
    older = write_again(tiny_speech, ASSETS)
    write_whole = store.write_whole

    def crash(path, content):
        if path.name == "manifest.json":
            raise OSError("out of power")
        write_whole(path, content)

    monkeypatch.setattr(store, "write_whole", crash)
    with pytest.raises(BundleError, match="out of power"):
        write_again(older, {"lm": ("words.arpa", b"another model")})
    assert read_bundle(older.path) == older


def test_a_name_without_an_ending(tiny_speech: Bundle):
    (asset,) = write_again(tiny_speech, {"lm": ("words", b"x")}).manifest.assets
    assert asset.file == "words-2d711642"  # the SHA-256 of x


@pytest.mark.parametrize("name", ["../words.arpa", "/etc/words.arpa", "a/words.arpa", ".words", "", "a\x00b.arpa", "words .arpa"])
def test_hostile_names_are_not_written(tiny_speech: Bundle, name: str):
    there = sorted(tiny_speech.path.parent.rglob("*"))
    with pytest.raises(BundleError, match="plain name"):
        write_again(tiny_speech, {"lm": (name, b"content")})
    assert sorted(tiny_speech.path.parent.rglob("*")) == there


ASSET_DAMAGE = {
    "a name in another folder": (set_key("assets", 0, "file", value="../words.arpa"), "plain name"),
    "an absolute name": (set_key("assets", 0, "file", value="/etc/passwd"), "plain name"),
    "the manifest itself": (set_key("assets", 0, "file", value="manifest.json"), "expected 16 bytes, found more"),
    "a model": (lambda t: t["assets"][0].update({k: t["models"][0][k] for k in ("file", "sha256", "size")}), "different files"),
    "a file that is not there": (set_key("assets", 0, "file", value="other.arpa"), "found nothing"),
    "another hash": (set_key("assets", 0, "sha256", value="0" * 64), "SHA-256"),
    "a smaller size": (set_key("assets", 0, "size", value=3), "3 bytes, found more"),
    "a larger size": (set_key("assets", 0, "size", value=300), "300 bytes, found 16"),
    "no bytes": (set_key("assets", 0, "size", value=0), "at least 1"),
    "a size that no board holds": (set_key("assets", 0, "size", value=1 << 40), "at most"),
    "a role that is not known": (set_key("assets", 0, "role", value="recipe"), "'lm', 'grammar'"),
    "one role twice": (lambda t: t["assets"][1].update(role="lm"), "different roles, found lm, lm"),
    "no list": (set_key("assets", value={"lm": "words.arpa"}), "a list of"),
}


@pytest.mark.parametrize("name", ASSET_DAMAGE)
def test_damaged_assets_are_refused(tiny_speech: Bundle, name: str):
    bundle = write_again(tiny_speech, ASSETS)
    change, said = ASSET_DAMAGE[name]
    edit_manifest(bundle.path, change)
    with pytest.raises(BundleError, match=said):
        read_bundle(bundle.path)


def test_assets_that_lead_elsewhere_or_changed_are_refused(tiny_speech: Bundle):
    bundle = write_again(tiny_speech, ASSETS)
    path = bundle.path / bundle.manifest.assets[0].file
    path.write_bytes(b"a language mode!")
    with pytest.raises(BundleError, match="expected SHA-256"):
        read_bundle(bundle.path)
    outside = bundle.path.parent / path.name
    outside.write_bytes(b"a language model")
    path.unlink()
    path.symlink_to(outside)
    with pytest.raises(BundleError, match="leads out of the bundle"):
        read_bundle(bundle.path)


def test_too_large_an_asset_is_not_written(tiny_speech: Bundle, monkeypatch):
    monkeypatch.setattr(store, "ASSET_LIMIT", 10)
    with pytest.raises(BundleError, match="must have at most 10 bytes, found 11"):
        write_again(tiny_speech, {"lm": ("words.arpa", b"eleven byte")})
    assert read_bundle(tiny_speech.path) == tiny_speech


def test_keywords_have_no_assets(tiny_forms: Bundle):
    draft = ManifestDraft("k", tiny_forms.manifest.labels, tiny_forms.manifest.frontend, tiny_forms.manifest.detect)
    entry = tiny_forms.manifest.models[0]
    part = ModelPart(tiny_forms.models["window"], entry.input, entry.output)
    with pytest.raises(BundleError, match="speech and assets are for bundles of kind 'speech'"):
        write_bundle(tiny_forms.path.parent / "k", draft, {"window": part}, {"lm": ("words.arpa", b"content")})


def test_how_it_decodes_can_be_changed(tiny_speech: Bundle):
    bundle = write_again(tiny_speech, ASSETS)
    spec = replace(bundle.manifest.speech, max_penalty=7.0)
    changed = rewrite_manifest(bundle.path, speech=spec, provenance={"tuned": True})
    assert changed == read_bundle(bundle.path)
    assert (changed.manifest.speech, changed.manifest.provenance) == (spec, {"tuned": True})
    assert changed == replace(bundle, manifest=replace(bundle.manifest, speech=spec, provenance={"tuned": True}))
    with pytest.raises(BundleError, match="multiple of the stride"):
        rewrite_manifest(bundle.path, speech=replace(spec, step_ms=20.0), provenance={})
    assert read_bundle(bundle.path) == changed


def test_manifests_of_keywords_from_before_are_read(tiny_bundle: Bundle):
    """Bundles in use know nothing of speech and assets."""
    table = json.loads((tiny_bundle.path / "manifest.json").read_text())
    table.pop("assets")
    assert "speech" not in table
    (tiny_bundle.path / "manifest.json").write_text(json.dumps(table))
    assert read_bundle(tiny_bundle.path) == tiny_bundle
