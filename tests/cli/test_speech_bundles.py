"""The commands that show, check and measure bundles, on bundles of speech."""

from __future__ import annotations

import json
import sys

import pytest

from edge_asr.bundle.speech import EndpointSpec, SpeechDecodeSpec
from edge_asr.bundle.store import ManifestDraft, ModelPart, write_bundle
from edge_asr.cli import bench
from edge_asr.cli.main import main
from edge_asr.config import to_table
from edge_asr.runtime.startup import StartCost
from tests.bundle.damage import edit_manifest
from tests.cli.command import run, write_wav
from tests.runtime.tones import tones


def test_info_shows_tokens_decoding_and_files(tiny_speech, capsys):
    manifest = tiny_speech.manifest
    spec = SpeechDecodeSpec("words", beam=7, lm_weight=0.25, word_bonus=-1.5, min_confidence=0.3, max_penalty=4)
    draft = ManifestDraft("s", manifest.labels, manifest.frontend, kind="speech", speech=spec)
    parts = {m.form: ModelPart(tiny_speech.models[m.form], m.input, m.output, m.states, m.field_frames) for m in manifest.models}
    bundle = write_bundle(tiny_speech.path, draft, parts, {"grammar": ("grammar.json", b"{}")})
    assert main(["info", str(bundle.path)]) == 0
    rows = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert rows["name"] == "s (speech, schema 1)"
    assert rows["tokens"] == "2 words of the language en: yes no"
    assert rows["grammar"].startswith(f"{bundle.manifest.assets[0].file} (2 bytes, SHA-256 44136fa355b3678a...")  # of {}
    assert all(said in rows["decoding"] for said in ("every 80 ms", "every 2 frames", "beam 7", "model 0.25", "word -1.5"))
    assert rows["rejection"] == "confidence below 0.3; with a grammar, penalty above 4"
    assert rows["endpoint"].startswith("energy 9 dB over the noise, after 100 ms of speech with 300 ms before, until 600 ms")
    assert not {"labels", "threshold", "decision"} & set(rows)


def test_info_of_characters_and_another_gate(tiny_speech, capsys):
    endpoint = to_table(EndpointSpec("webrtcvad"))
    edit_manifest(tiny_speech.path, lambda table: table["speech"].update(unit="characters", language="de", endpoint=endpoint))
    edit_manifest(tiny_speech.path, lambda table: table.update(labels=["_blank_", " ", "ß"]))
    assert main(["info", str(tiny_speech.path)]) == 0
    shown = capsys.readouterr().out
    assert "2 characters of the language de: ' ß'" in shown
    assert "webrtcvad, after 100 ms" in shown


def test_info_tells_the_window_from_its_field(tiny_speech, capsys):
    assert main(["info", str(tiny_speech.path)]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("model")]
    assert "(window of 0.67 s, field 0.35 s, int8" in rows[0]
    assert "(stream of 4 frames a step, field 0.35 s, 2 states of 61 bytes, int8" in rows[1]


def test_info_as_json_is_the_manifest(tiny_speech, capsys):
    assert main(["info", str(tiny_speech.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(to_table(tiny_speech.manifest)))


def test_doctor_runs_the_recogniser(tiny_speech, capsys):
    assert main(["doctor", "--bundle", str(tiny_speech.path)]) == 0
    said = capsys.readouterr().out
    assert "tiny-speech: loads and runs (stream form on cpu: of " in said
    assert "with its gate (energy); silence has no words" in said


def test_doctor_misses_the_gates_package(tiny_speech, capsys, monkeypatch):
    edit_manifest(tiny_speech.path, lambda table: table["speech"]["endpoint"].update(gate="webrtcvad"))
    monkeypatch.setitem(sys.modules, "webrtcvad", None)
    assert main(["doctor", "--bundle", str(tiny_speech.path)]) == 1
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("failed")]
    assert row.split()[1] == "bundle"
    assert "edge-asr[vad]" in row


def test_bench_measures_both_forms_and_the_end_of_an_utterance(tiny_speech, tmp_path, monkeypatch, capsys):
    started = []
    monkeypatch.setattr(bench, "measure_start", lambda command, audio: started.append(command) or StartCost(1.0, 50.0))
    sound = write_wav(tmp_path / "a.wav", tones(10.0, [(1.0, "yes")]))
    assert main(["bench", "--bundle", str(tiny_speech.path), "--input", str(sound)]) == 0
    shown = capsys.readouterr().out
    rows = [line.split() for line in shown.splitlines()]
    assert [row[1] for row in rows if row[:1] == ["form"]] == ["stream", "window"]
    for name in ("real-time factor", "decoding", "p95", "final result", "ms of CPU after the end", "start-up", "resident memory"):
        assert name in shown
    assert "transcribe" in started[0]


def test_bench_as_json(tiny_speech, tmp_path):
    sound = write_wav(tmp_path / "a.wav", tones(10.0, [(1.0, "yes")]))
    done = run("bench", "--bundle", tiny_speech.path, "--input", sound, "--form", "window", "--json")
    result = json.loads(done.stdout)
    (window,) = result["forms"]
    assert (window["form"], window["steps"]) == ("window", 125)  # of 80 ms
    assert {stage["name"] for stage in window["stages"]} == {"front end", "model", "decoding", "rest"}
    assert window["final_cpu_ms"] > 0
    assert result["start"]["seconds"] > 0
    if sys.platform == "linux":
        assert 20 < result["start"]["resident_mb"] < 70  # numpy alone takes 25; the tiny model adds nothing to what listen takes


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_recogniser_is_no_wake_word(tiny_speech, tmp_path, capsys, more):
    sound = write_wav(tmp_path / "a.wav", tones(1.0, []))
    assert main(["listen", "--bundle", str(tiny_speech.path), "--input", str(sound), *more]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "expected a bundle of kind 'keywords', found one of kind 'speech': edge-asr transcribe" in shown.err
    assert shown.err.count("\n") == 1
