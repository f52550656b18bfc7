from __future__ import annotations

import json
import math

import pytest

import edge_asr
from edge_asr.bundle.change import replace_model
from edge_asr.bundle.store import ModelPart
from edge_asr.cli.live import live_line
from edge_asr.cli.main import main
from edge_asr.config import to_table
from tests.bundle.damage import edit_manifest
from tests.cli.command import run, write_wav
from tests.runtime.tones import tones


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"edge-asr {edge_asr.__version__}\n"


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"    {command}" in shown for command in ("listen", "info", "bench", "devices", "doctor"))


@pytest.mark.parametrize("arguments", [[], ["lsten"], ["--bundle", "x"]])
def test_no_command_is_usage(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: edge-asr" in capsys.readouterr().err


def test_info_shows_the_bundle(tiny_bundle, capsys):
    assert main(["info", str(tiny_bundle.path)]) == 0
    shown = capsys.readouterr().out
    model = tiny_bundle.manifest.models[0]
    for expected in ("tiny", "_silence_ _unknown_ yes no", "40 log mel bands", model.file, f"{model.size} bytes", "0.8"):
        assert expected in shown


def test_info_lists_the_forms(tiny_forms, capsys):
    assert main(["info", str(tiny_forms.path)]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("model")]
    window, stream = tiny_forms.manifest.models
    kept = sum(math.prod(state.shape) for state in stream.states)
    assert f"{window.file} (window of 0.99 s, int8, {window.size} bytes" in rows[0]
    states = f"{len(stream.states)} states of {kept} bytes"
    assert f"{stream.file} (stream of 4 frames a step, field 0.99 s, {states}, int8, {stream.size} bytes" in rows[1]


def test_info_tells_a_compiled_form(tiny_forms, capsys):
    window = tiny_forms.manifest.models[0]
    replace_model(tiny_forms.path, "edgetpu", ModelPart(b"compiled", window.input, window.output))
    assert main(["info", str(tiny_forms.path)]) == 0
    assert "(window of 0.99 s, compiled for the Edge TPU, int8, 8 bytes" in capsys.readouterr().out


def test_info_shows_flat_facts_of_the_provenance(tiny_bundle, capsys):
    facts = {"seed": 3, "quantize": {"method": "ptq", "deep": {"x": 1}}, "list": [1]}
    edit_manifest(tiny_bundle.path, lambda table: table.update(provenance=facts))
    assert main(["info", str(tiny_bundle.path)]) == 0
    rows = [line.split(None, 1) for line in capsys.readouterr().out.splitlines()]
    assert ["seed", "3"] in rows
    assert ["quantize", "method ptq (more: --json)"] in rows
    assert not [row for row in rows if row[0] == "list"]


def test_info_as_json_is_the_manifest(tiny_bundle, capsys):
    assert main(["info", str(tiny_bundle.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(to_table(tiny_bundle.manifest)))


def test_info_of_a_damaged_bundle_is_an_error(tiny_bundle, capsys):
    path = tiny_bundle.path / tiny_bundle.manifest.models[0].file
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert main(["info", str(tiny_bundle.path)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("edge-asr: error: ")
    assert shown.err.count("\n") == 1


def test_bench_prints_every_measure(tiny_bundle, tmp_path):
    sound = write_wav(tmp_path / "a.wav", tones(12.0, [(1.0, "yes")]))
    done = run("bench", "--bundle", tiny_bundle.path, "--input", sound)
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("real-time factor", "per hour of audio", "front end", "model", "decision", "p50", "p95", "p99"):
        assert name in done.stdout
    for name in ("start-up", "resident memory"):
        assert name in done.stdout


def test_bench_as_json(tiny_bundle):
    done = run("bench", "--bundle", tiny_bundle.path, "--json")
    result = json.loads(done.stdout)
    (window,) = result["forms"]
    assert (window["form"], window["steps"]) == ("window", 600)  # a minute of noise in steps of 100 ms
    assert result["start"]["seconds"] > 0
    assert {stage["name"] for stage in window["stages"]} == {"front end", "model", "decision", "rest"}


def test_bench_measures_both_forms_or_the_one_that_is_asked_for(tiny_forms, tmp_path):
    sound = write_wav(tmp_path / "a.wav", tones(12.0, []))
    done = run("bench", "--bundle", tiny_forms.path, "--input", sound)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[1] for row in rows if row[:1] == ["form"]] == ["stream", "window"]
    assert len([row for row in rows if row[:3] == ["one", "step", "p50"]]) == 2
    done = run("bench", "--bundle", tiny_forms.path, "--input", sound, "--form", "window", "--json")
    assert [result["form"] for result in json.loads(done.stdout)["forms"]] == ["window"]


def test_bench_of_a_form_that_is_not_there(tiny_bundle, capsys):
    assert main(["bench", "--bundle", str(tiny_bundle.path), "--form", "stream"]) == 2
    assert "of the form stream to run on cpu, found window" in capsys.readouterr().err


def test_bench_of_too_little_audio(tiny_bundle, tmp_path, capsys):
    sound = write_wav(tmp_path / "a.wav", tones(1.0, []))
    assert main(["bench", "--bundle", str(tiny_bundle.path), "--input", str(sound)]) == 2
    assert "expected at least 10.0 s of audio to measure, found 1.0 s" in capsys.readouterr().err


def test_doctor_tells_of_a_broken_bundle_with_its_status(tiny_bundle, capsys):
    assert main(["doctor", "--bundle", str(tiny_bundle.path)]) == 0
    assert "silence is _silence_" in capsys.readouterr().out
    (tiny_bundle.path / "manifest.json").unlink()
    assert main(["doctor", "--bundle", str(tiny_bundle.path), "--json"]) == 1
    checks = json.loads(capsys.readouterr().out)
    assert [check["name"] for check in checks if check["status"] == "failed"] == ["bundle"]


def test_the_live_line():
    posterior = {"a": 0.1, "b": 0.65, "c": 0.05, "d": 0.2}
    assert live_line(-30.0, posterior) == "[##########          ]  -30.0 dBFS  b 0.65  d 0.20  a 0.10"
    assert live_line(-120.0, posterior).startswith("[                    ] -120.0")
    assert live_line(3.0, posterior).startswith("[####################]    3.0")
