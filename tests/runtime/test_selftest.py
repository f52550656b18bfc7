"""Whatever is wrong with a release, its self-test finds it and says what."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.bundle.signature import SIGNATURE
from edge_asr.runtime import doctor
from edge_asr.runtime.accelerator import Accelerator
from edge_asr.runtime.board import BoardSettings, Budgets, RunSpec
from edge_asr.runtime.doctor import Check
from edge_asr.runtime.encode_wav import encode_wav
from edge_asr.runtime.release import Release
from edge_asr.runtime.selftest import read_clip, selftest
from tests.runtime.tone_release import TOO_SMALL, describe, tone_release, tones, write_settings


@pytest.fixture
def release(tmp_path: Path, tiny_bundle) -> Release:
    return tone_release(tmp_path / "release", tiny_bundle)


def failures(release: Release, **options) -> list[tuple[str, str]]:
    checks = list(selftest(release.path, **{"budgets": False, **options}))
    assert all(check.advice for check in checks if check.status == "failed")
    return [(check.name, check.found) for check in checks if check.status == "failed"]


def rewrite(path: Path, **changes) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_release_as_it_was_packed(release):
    checks = list(selftest(release.path, exact=True, budgets=False))
    assert [(check.name, check.status) for check in checks] == [("files", "ok"), ("doctor", "ok"), ("clip", "ok")]
    assert release.id in checks[0].found
    assert "heard yes, no, bit for bit (window form, ai-edge-litert" in checks[2].found


def test_a_changed_byte(release):
    model = next((release.path / "bundle").glob("*.tflite"))
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    ((name, found),) = failures(release)  # nothing else: what was changed is not run
    assert name == "files"
    assert f"bundle/{model.name} was changed" in found


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "selftest" / "clip.wav").unlink(), "selftest/clip.wav is missing"),
        (lambda folder: (folder / "settings.json").write_bytes(b""), "settings.json has 0 bytes, not "),
        (lambda folder: (folder / "bundle" / "extra.py").write_bytes(b""), "bundle/extra.py was added"),
        (lambda folder: (folder / "link").symlink_to("/etc"), "link was added"),
        (lambda folder: (folder / "release.json").unlink(), "expected a release, found nothing"),
    ],
)
def test_files_that_are_not_those_that_were_packed(release, damage, message):
    damage(release.path)
    ((name, found),) = failures(release)
    assert name == "files"
    assert message in found


def test_a_link_in_the_place_of_a_file_is_no_file_even_if_it_has_the_content(release, tmp_path):
    (release.path / "settings.json").rename(tmp_path / "elsewhere")
    (release.path / "settings.json").symlink_to(tmp_path / "elsewhere")
    ((_, found),) = failures(release)
    assert "settings.json is no file" in found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"what": "no"}, "expected 'no', 'no', heard 'yes', 'no'"),
        ({"score": 0.3}, "'yes': expected a score of 0.3, found "),
        ({"end": 9.0}, "'yes': expected from "),
    ],
)
def test_another_event_than_was_expected(release, change, message):
    path = release.path / "selftest" / "expected.json"
    events = json.loads(path.read_text())["events"]
    rewrite(path, events=[{**events[0], **change}, *events[1:]])
    describe(release.path)  # as if it had been packed so: the hashes fit
    ((name, found),) = failures(release)
    assert name == "clip"
    assert message in found
    assert "where it was packed: window form, ai-edge-litert" in found


def test_last_bits_count_when_all_must_be_exact(release):
    path = release.path / "selftest" / "expected.json"
    events = json.loads(path.read_text())["events"]
    events[1]["score"] = float(np.nextafter(events[1]["score"], 0))
    rewrite(path, events=events)
    describe(release.path)
    assert failures(release) == []
    assert [name for name, _ in failures(release, exact=True)] == ["clip"]


def test_each_budget_that_is_not_met_is_named_with_both_numbers(release):
    write_settings(release.path, BoardSettings("pi4", budgets=TOO_SMALL))
    describe(release.path)
    found = dict(failures(release, budgets=True))
    assert list(found) == ["budget cpu", "budget step", "budget memory", "budget bundle"]
    assert found["budget memory"].startswith("expected at most 0.5 MB resident, found ")
    kilobytes = sum(model.stat().st_size for model in (release.path / "bundle").glob("*.tflite")) / 1000
    assert found["budget bundle"] == f"expected at most 0.5 kB of models and assets, found {kilobytes:.4g}"


def test_budgets_that_are_met_and_those_that_are_not_set(release):
    write_settings(release.path, BoardSettings("pi4", budgets=Budgets(resident_mb=2000.0)))
    describe(release.path)
    checks = {check.name: check for check in selftest(release.path)}
    assert [check.name for check in checks.values() if check.status != "ok"] == []
    assert checks["budget memory"].found.endswith("MB resident (budget 2000)")
    assert checks["budget cpu"].found.endswith("% of a core (no budget)")
    assert checks["start-up"].found.endswith("s until it listens")


def test_a_recogniser_is_tested_by_its_utterances(tmp_path, tiny_speech):
    release = tone_release(tmp_path / "release", tiny_speech, BoardSettings("pi4", budgets=Budgets(bundle_kb=1e-3)))
    assert failures(release, exact=True) == []
    path = release.path / "selftest" / "expected.json"
    assert json.loads(path.read_text())["events"], "the clip must hold an utterance, or nothing is tested"
    assert [name for name, _ in failures(release, budgets=True)] == ["budget bundle"]
    rewrite(path, events=[])
    describe(release.path)
    assert [name for name, _ in failures(release)] == ["clip"]


def test_the_signature_counts_where_the_target_wants_one(release):
    key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # RFC 8032, test 1
    write_settings(release.path, BoardSettings("pi4", require_signature=True, public_key=key))
    describe(release.path)
    ((name, found),) = failures(release)
    assert name == "signature"
    assert f"found no {SIGNATURE}" in found


def test_a_failing_machine_is_told_by_the_doctor(release, monkeypatch):
    broken = (Check("interpreter", "failed", "none", "install one"), Check("microphone", "missing", "none", "plug one in"))
    monkeypatch.setattr("edge_asr.runtime.selftest.examine", lambda: broken)
    checks = list(selftest(release.path, budgets=False))
    assert [(check.name, check.status) for check in checks] == [("files", "ok"), ("interpreter", "failed"), ("clip", "ok")]


def test_a_missing_microphone_is_said_and_fails_nothing(release, monkeypatch):
    monkeypatch.setattr(doctor, "list_devices", lambda: ())
    checks = {check.name: check for check in selftest(release.path, budgets=False)}
    assert checks["doctor"].status == "ok"
    assert "microphone" in checks["doctor"].found


def test_a_delegate_that_does_not_load_fails_and_with_a_fallback_it_is_told(release):
    accelerator = Accelerator("/nowhere/libdelegate.so")
    for fallback in (False, True):
        run = RunSpec(accelerator=replace(accelerator, fallback=fallback))
        write_settings(release.path, BoardSettings("pi4", run=run))
        describe(release.path)
        checks = list(selftest(release.path, budgets=False))
        assert "/nowhere/libdelegate.so" in checks[-1].found
        assert (checks[-1].name, checks[-1].status) == (("clip", "ok") if fallback else ("bundle", "failed"))


@pytest.mark.parametrize(
    ("path", "content", "name"),
    [("settings.json", b"[]", "settings"), ("selftest/expected.json", b"[]", "clip"), ("selftest/clip.wav", b"RIFF", "clip")],
)
def test_parts_that_were_packed_wrong(release, path, content, name):
    (release.path / path).write_bytes(content)
    describe(release.path)
    assert [failed for failed, _ in failures(release)] == [name]


def test_a_clip_at_another_rate(release):
    (release.path / "selftest" / "clip.wav").write_bytes(encode_wav(np.zeros(8000, np.float32), 8000))
    describe(release.path)
    ((name, found),) = failures(release)
    assert name == "clip"
    assert "expected a clip at the bundle's 16000 Hz, found 8000 Hz" in found


def test_the_clip_is_read_to_the_last_bit(release):
    np.testing.assert_array_equal(read_clip(release.path / "selftest" / "clip.wav", 16000), tones())
