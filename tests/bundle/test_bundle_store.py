"""A bundle is read whole and verified, or not at all; and written so that a crash never leaves half of one."""

from __future__ import annotations

import json
import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from edge_asr.bundle import store
from edge_asr.bundle.store import Bundle, ManifestDraft, ModelPart, read_bundle, write_bundle
from edge_asr.errors import BundleError
from edge_asr.runtime.interpreter import Interpreter
from tests.bundle.damage import edit_manifest


def set_key(*path, value):
    def change(table):
        for key in path[:-1]:
            table = table[key]
        table[path[-1]] = value

    return change


def drop_key(*path):
    def change(table):
        for key in path[:-1]:
            table = table[key]
        del table[path[-1]]

    return change


MANIFEST_DAMAGE = {
    "newer schema": (set_key("schema", value=2), "newer"),
    "schema is text": (set_key("schema", value="1"), "schema"),
    "schema is true": (set_key("schema", value=True), "schema"),
    "unknown key": (set_key("extra", value=1), "extra"),
    "key missing": (drop_key("labels"), "labels"),
    "one label too many": (lambda t: t["labels"].append("maybe"), "5 labels"),
    "one label too few": (lambda t: t["labels"].pop(), "3 labels"),
    "labels twice": (set_key("labels", value=["a", "a", "b", "c"]), "different"),
    "label that rings the terminal": (set_key("labels", 3, value="no\x07"), "printable"),
    "label that is no text": (set_key("labels", 3, value="\ud800"), "surrogate"),
    "other feature count": (set_key("frontend", "mel_bands", value=41), "front end"),
    "hop above window": (set_key("frontend", "hop_ms", value=31), "hop_ms"),
    "threshold out of range": (set_key("detect", "threshold", value=1.5), "threshold"),
    "threshold of a stranger": (set_key("detect", "thresholds", value={"maybe": 0.5}), "maybe"),
    "a mean that float32 does not hold": (set_key("frontend", "norm_mean", value=[1e299]), "norm_mean"),
    "a scale that float32 does not hold": (set_key("models", 0, "input", "scale", value=1e299), "scale"),
    "not a number": (set_key("detect", "threshold", value=float("nan")), "NaN"),
    "not a number where anything goes": (set_key("provenance", value={"accuracy": float("inf")}), "Infinity"),
    "no models": (set_key("models", value=[]), "at least one"),
    "one form twice": (lambda t: t["models"].append(t["models"][0]), "different forms"),
    "a form that is not known": (set_key("models", 0, "form", value="door"), "form"),
    "a name in another folder": (set_key("models", 0, "file", value="../secret.tflite"), "plain name"),
    "an absolute name": (set_key("models", 0, "file", value="/etc/passwd"), "plain name"),
    "the folder itself": (set_key("models", 0, "file", value=".."), "plain name"),
    "a name with a zero byte": (set_key("models", 0, "file", value="a\x00b"), "plain name"),
    "a file that is not there": (set_key("models", 0, "file", value="other.tflite"), "nothing"),
    "a smaller size": (set_key("models", 0, "size", value=100), "100 bytes, found more"),
    "a larger size": (set_key("models", 0, "size", value=1 << 20), "expected 1048576 bytes"),
    "a size that no board holds": (set_key("models", 0, "size", value=1 << 40), "at most"),
    "another hash": (set_key("models", 0, "sha256", value="0" * 64), "SHA-256"),
}


@pytest.mark.parametrize("name", MANIFEST_DAMAGE)
def test_damaged_manifest_is_refused(tiny_bundle: Bundle, name: str):
    change, said = MANIFEST_DAMAGE[name]
    edit_manifest(tiny_bundle.path, change)
    with pytest.raises(BundleError, match=said):
        read_bundle(tiny_bundle.path)


FORM_DAMAGE = {
    "another step than the file's": (set_key("detect", "step_ms", value=100), r"takes 4 frames a step, but 100 ms .* make 5"),
    "a stream without states": (set_key("models", 1, "states", value=[]), "has 0 states; a 'stream' form has some"),
    "a window with a state": (lambda t: t["models"][0].update(states=t["models"][1]["states"]), "the 'window' form has none"),
    "states in a resource form": (set_key("models", 1, "form", value="resource"), "the 'resource' form has none"),
    "a state of no frames": (set_key("models", 1, "states", 0, "shape", value=[1, 0, 40, 1]), "at least 1"),
    "a state that is not int8": (set_key("models", 1, "states", 0, "dtype", value="float32"), "int8"),
    "no field": (set_key("models", 1, "field_frames", value=0), "at least its 4 new frames, found 0"),
    "a field shorter than a step": (set_key("models", 1, "field_frames", value=3), "at least its 4 new frames, found 3"),
    "a field that is not the window": (set_key("models", 1, "field_frames", value=48), r"equally many frames, found \[48, 49\]"),
    "a window with a field": (set_key("models", 0, "field_frames", value=49), "is a window by itself, found field_frames 49"),
    "clips of another length": (set_key("clip_samples", value=8000), "clip_samples must make the 49 frames of window"),
    "other labels": (lambda t: t["labels"].pop(), "3 labels"),
    "another hash of the second file": (set_key("models", 1, "sha256", value="0" * 64), "SHA-256"),
}


@pytest.mark.parametrize("name", FORM_DAMAGE)
def test_forms_that_do_not_fit_are_refused(tiny_forms: Bundle, name: str):
    change, said = FORM_DAMAGE[name]
    edit_manifest(tiny_forms.path, change)
    with pytest.raises(BundleError, match=said):
        read_bundle(tiny_forms.path)


def with_compiled(bundle: Bundle) -> Bundle:
    """What the Edge TPU's compiler makes has other bytes but the same tensors."""
    models = {model.form: model for model in bundle.manifest.models}
    parts = {f: ModelPart(bundle.models[f], m.input, m.output, m.states, m.field_frames) for f, m in models.items()}
    parts["edgetpu"] = replace(parts["window"], content=b"compiled " + parts["window"].content)
    draft = ManifestDraft(bundle.manifest.name, bundle.manifest.labels, bundle.manifest.frontend, bundle.manifest.detect)
    return write_bundle(bundle.path, draft, parts)


def test_a_compiled_form_lies_beside_the_window_form(tiny_forms: Bundle):
    found = with_compiled(tiny_forms)
    assert read_bundle(found.path) == found
    assert found.manifest.models[2].file.startswith("edgetpu-")
    assert [model.takes_windows for model in found.manifest.models] == [True, False, True]


COMPILED_DAMAGE = {
    "no window form": (lambda t: t["models"].pop(0), "compiled 'window' form and must lie beside it, found none"),
    "another scale": (set_key("models", 2, "input", "scale", value=2.0), "found one of other tensors"),
    "a field": (set_key("models", 2, "field_frames", value=49), "is a window by itself"),
    "states": (lambda t: t["models"][2].update(states=t["models"][1]["states"]), "'edgetpu' form has none"),
}


@pytest.mark.parametrize("name", COMPILED_DAMAGE)
def test_compiled_forms_that_do_not_fit_are_refused(tiny_forms: Bundle, name: str):
    change, said = COMPILED_DAMAGE[name]
    edit_manifest(with_compiled(tiny_forms).path, change)
    with pytest.raises(BundleError, match=said):
        read_bundle(tiny_forms.path)


def test_clip_samples_hold_for_a_stream_by_itself(tiny_forms: Bundle):
    edit_manifest(tiny_forms.path, lambda t: (t["models"].pop(0), t.update(clip_samples=16000)))
    assert read_bundle(tiny_forms.path).manifest.models[0].window_frames == 49
    edit_manifest(tiny_forms.path, set_key("clip_samples", value=8000))
    with pytest.raises(BundleError, match="clip_samples must make the 49 frames of stream"):
        read_bundle(tiny_forms.path)


def test_forms_are_read_as_they_were_written(tiny_forms: Bundle):
    found = read_bundle(tiny_forms.path)
    assert found == tiny_forms
    assert list(found.models) == ["window", "stream"]
    stream = found.manifest.models[1]
    assert stream.states == Interpreter(found.models["stream"]).inputs[1:]
    assert stream.file.startswith("stream-")
    assert (stream.field_frames, stream.input.shape) == (49, (1, 4, 40, 1))


def test_bundles_from_before_there_were_forms_are_read(tiny_bundle: Bundle):
    edit_manifest(tiny_bundle.path, lambda t: [t["models"][0].pop(key) for key in ("states", "field_frames")])
    assert read_bundle(tiny_bundle.path) == tiny_bundle


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "JSON"),
        (b"[]", "schema"),
        (b"\xff\xfe", "JSON"),
        (b'{"schema": 1e999}', "not finite"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "JSON|newer"),
        (b"[" * 100_000, "JSON"),
        (b" " * (1 << 20) + b"{}", "at most 1048576 bytes"),
    ],
)
def test_manifest_that_is_no_manifest_is_refused(tiny_bundle: Bundle, text: bytes, said: str):
    (tiny_bundle.path / "manifest.json").write_bytes(text)
    with pytest.raises(BundleError, match=said):
        read_bundle(tiny_bundle.path)


def test_any_flipped_bit_of_the_model_is_found(tiny_bundle: Bundle):
    path = tiny_bundle.path / tiny_bundle.manifest.models[0].file
    good = path.read_bytes()
    for at in range(0, len(good), 97):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :])
        with pytest.raises(BundleError, match="SHA-256"):
            read_bundle(tiny_bundle.path)


def test_truncated_files_are_found(tiny_bundle: Bundle):
    for name in (tiny_bundle.manifest.models[0].file, "manifest.json"):
        path = tiny_bundle.path / name
        good = path.read_bytes()
        path.write_bytes(good[:-1])
        with pytest.raises(BundleError, match=r"bytes|JSON"):
            read_bundle(tiny_bundle.path)
        path.write_bytes(good)
    read_bundle(tiny_bundle.path)


@pytest.mark.parametrize("which", ["manifest.json", "model", "folder"])
def test_missing_parts_are_named(tiny_bundle: Bundle, which: str):
    name = tiny_bundle.manifest.models[0].file if which == "model" else which
    if which == "folder":
        shutil.rmtree(tiny_bundle.path)
        name = "manifest.json"
    else:
        (tiny_bundle.path / name).unlink()
    with pytest.raises(BundleError, match=name):
        read_bundle(tiny_bundle.path)


def test_links_out_of_the_folder_are_refused(tiny_bundle: Bundle):
    model = tiny_bundle.path / tiny_bundle.manifest.models[0].file
    outside = model.rename(tiny_bundle.path.parent / "outside.tflite")
    model.symlink_to(outside)
    with pytest.raises(BundleError, match="out of the bundle"):
        read_bundle(tiny_bundle.path)


def test_what_is_no_file_is_not_opened(tiny_bundle: Bundle):
    model = tiny_bundle.path / tiny_bundle.manifest.models[0].file
    model.unlink()
    os.mkfifo(model)  # opening it would wait for ever
    with pytest.raises(BundleError, match="no file"):
        read_bundle(tiny_bundle.path)
    model.unlink()
    model.symlink_to(model.name)
    with pytest.raises(BundleError, match=model.name):
        read_bundle(tiny_bundle.path)


def test_what_was_written_is_read(tiny_bundle: Bundle):
    assert read_bundle(tiny_bundle.path) == tiny_bundle
    (content,) = tiny_bundle.models.values()
    assert len(content) == tiny_bundle.manifest.models[0].size


def rewrite(bundle: Bundle, model: bytes, **changes) -> Bundle:
    entry = bundle.manifest.models[0]
    draft = ManifestDraft("second", bundle.manifest.labels, bundle.manifest.frontend, **changes)
    return write_bundle(bundle.path, draft, {"window": ModelPart(model, entry.input, entry.output)})


def test_replacing_leaves_the_new_bundle_and_other_peoples_files(tiny_bundle: Bundle):
    (tiny_bundle.path / "README.md").write_text("a card")
    second = rewrite(tiny_bundle, b"another model", provenance={"seed": 1})
    assert read_bundle(tiny_bundle.path) == second
    assert second.manifest.provenance == {"seed": 1}
    names = {path.name for path in tiny_bundle.path.iterdir()}
    assert names == {"README.md", "manifest.json", second.manifest.models[0].file}


@pytest.mark.parametrize("fails_at", ["model", "manifest.json"])
def test_interrupted_replacement_leaves_the_older_bundle(tiny_bundle: Bundle, monkeypatch, fails_at: str):
    replace = Path.replace

    def interrupted(self: Path, target: Path) -> Path:
        if (Path(target).name == "manifest.json") == (fails_at == "manifest.json"):
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rewrite(tiny_bundle, b"another model")
    assert read_bundle(tiny_bundle.path) == tiny_bundle
    assert not [path.name for path in tiny_bundle.path.iterdir() if path.name.startswith(".")]


def test_files_are_readable_by_all_whatever_the_umask(tiny_bundle: Bundle):
    entry = tiny_bundle.manifest.models[0]
    draft = ManifestDraft("t", tiny_bundle.manifest.labels, tiny_bundle.manifest.frontend)
    before = os.umask(0o077)
    try:
        folder = tiny_bundle.path / "inner"
        write_bundle(folder, draft, {"window": ModelPart(b"m", entry.input, entry.output)})
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o644}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": ("yes", "no")}, "2 labels"),
        ({"provenance": {"words": {"a", "b"}}}, "JSON"),
        ({"provenance": {"loss": float("nan")}}, "JSON"),
        ({"provenance": {"notes": "x" * (1 << 20)}}, "at most"),
    ],
)
def test_parts_that_do_not_fit_are_not_written(tiny_bundle: Bundle, changes: dict, said: str):
    entry = tiny_bundle.manifest.models[0]
    fields = {"name": "t", "labels": tiny_bundle.manifest.labels, "frontend": tiny_bundle.manifest.frontend}
    folder = tiny_bundle.path.parent / "never"
    with pytest.raises(BundleError, match=said):
        write_bundle(folder, ManifestDraft(**{**fields, **changes}), {"window": ModelPart(b"m", entry.input, entry.output)})
    assert not folder.exists()


def test_folder_that_can_not_be_made_is_a_bundle_error(tiny_bundle: Bundle):
    in_the_way = tiny_bundle.path.parent / "file"
    in_the_way.write_text("x")
    blocked = Bundle(in_the_way / "bundle", tiny_bundle.manifest, tiny_bundle.models)
    with pytest.raises(BundleError, match="can't be written"):
        rewrite(blocked, b"m")


def test_interpreter_and_manifest_speak_of_the_same_tensors(tiny_bundle: Bundle):
    model = Interpreter(tiny_bundle.models["window"])
    entry = json.loads((tiny_bundle.path / store.MANIFEST).read_text())["models"][0]
    assert tuple(entry["input"]["shape"]) == model.input.shape == (1, 49, 40, 1)
    assert entry["output"]["scale"] == model.output.scale
