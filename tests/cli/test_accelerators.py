"""What really runs is said by every command: with a delegate, and with the CPU in its place."""

from __future__ import annotations

import json

import pytest

from edge_asr.cli.main import main
from tests.cli.command import run, write_wav
from tests.cli.transcripts import json_lines
from tests.runtime.delegate_library import build_delegate
from tests.runtime.tones import tones

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> str:
    return build_delegate(tmp_path_factory.mktemp("delegate"))


@pytest.fixture
def wav(tmp_path):
    return write_wav(tmp_path / "sound.wav", tones(3.0, [(1.0, "yes")]))


def delegate(library: str, *options: str, fallback: bool = False) -> list[str]:
    told = [f"--delegate-option={option}" for option in options]
    return [f"--delegate={library}", *told, *(["--fallback"] if fallback else [])]


@pytest.mark.parametrize(("command", "bundle"), [("listen", "tiny_forms"), ("transcribe", "tiny_speech")])
def test_the_header_and_stderr_say_that_the_cpu_runs_it(command, bundle, library, wav, request):
    folder = request.getfixturevalue(bundle).path
    plain = run(command, "--bundle", folder, "--input", wav, "--json")
    done = run(command, "--bundle", folder, "--input", wav, "--json", *delegate(library, "fail=prepare", fallback=True))
    assert (done.returncode, plain.stderr) == (0, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"edge-asr: {'forms' if command == 'listen' else 'tiny-speech'} runs on the CPU: {library} in ")
    assert line.count("delegate refuses: prepare") == 1
    header, *events = json_lines(done.stdout)
    usual, *expected = json_lines(plain.stdout)
    assert (header.pop("fallback"), usual.pop("fallback")) == (line.partition("CPU: ")[2], "")
    assert (header, events) == (usual, expected)
    assert (header["accelerator"], header["options"], header["threads"]) == ("cpu", {}, 1)
    assert header["operations"]["xnnpack"] > 0


def test_the_header_says_what_a_delegate_runs(library, tiny_bundle, wav):
    done = run("listen", "--bundle", tiny_bundle.path, "--input", wav, "--json", *delegate(library, "fill=3", "take=last"))
    header = json_lines(done.stdout)[0]
    assert (header["accelerator"], header["options"]) == (library, {"fill": "3", "take": "last"})
    assert header["operations"]["accelerator"] == 1
    assert (done.returncode, done.stderr) == (0, "")


def test_without_fallback_a_failing_delegate_is_an_error(library, tiny_bundle, wav):
    done = run("listen", "--bundle", tiny_bundle.path, "--input", wav, *delegate(library, "fail=kernel"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "delegate refuses: kernel" in done.stderr


def test_info_loads_the_model_for_those_who_ask(library, tiny_forms, capsys):
    def info(*arguments: str) -> str:
        assert main(["info", str(tiny_forms.path), *arguments]) == 0
        return capsys.readouterr().out

    assert "here " not in info()
    assert "here         stream form on cpu: of " in info("--delegate", "none")
    shown = info("--form", "window", *delegate(library, "take=last"))
    assert f"here         window form on {library}: of " in shown
    assert "options take=last" in shown
    shown = info(*delegate(library, "take=none", fallback=True))
    assert "here         stream form on cpu: of " in shown
    assert f"fallback     {library}: expected a delegate that runs the model" in shown
    here = json.loads(info(*delegate(library, "take=last"), "--json"))["here"]
    assert (here["form"], here["accelerator"], here["ops"]["accelerator"]) == ("stream", library, 1)


def test_bench_measures_what_runs(library, tiny_forms, tmp_path):
    sound = write_wav(tmp_path / "long.wav", tones(11.0, []))
    measured = ["bench", "--bundle", tiny_forms.path, "--input", sound, "--json"]
    forms = json.loads(run(*measured, *delegate(library, "take=last")).stdout)["forms"]
    assert [(one["form"], one["interpreter"]["accelerator"]) for one in forms] == [("stream", library), ("window", library)]
    done = run(*measured, "--delegate=edgetpu", "--fallback")
    forms = json.loads(done.stdout)["forms"]
    assert [(one["form"], one["interpreter"]["accelerator"]) for one in forms] == [("stream", "cpu"), ("window", "cpu")]
    assert all("edgetpu" in one["interpreter"]["fallback"] for one in forms)


def test_doctor_tries_the_delegate_on_the_bundle(library, tiny_bundle, capsys):
    def accelerator(*arguments: str) -> tuple[int, dict[str, str]]:
        status = main(["doctor", "--bundle", str(tiny_bundle.path), "--json", *arguments])
        return status, json.loads(capsys.readouterr().out)[-1]

    status, check = accelerator(*delegate(library))
    assert (status, check["name"], check["status"]) == (0, "accelerator", "ok")
    assert check["found"].startswith(f"window form on {library}: of ")
    status, check = accelerator(*delegate(library, "fail=run", fallback=True))
    assert (status, check["status"]) == (0, "missing")
    assert "on cpu" in check["found"]
    assert "delegate refuses: run" in check["advice"]
    status, check = accelerator(*delegate(library, "fail=run"))
    assert (status, check["status"]) == (1, "failed")
    assert "delegate refuses: run" in check["found"]


def test_doctor_wants_a_bundle_for_a_delegate(library, capsys):
    assert main(["doctor", *delegate(library)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "expected --bundle with --delegate" in said.err


@pytest.mark.parametrize("text", ["device", "=usb", ""])
def test_an_option_has_a_key_and_a_value(text, tiny_bundle, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["info", str(tiny_bundle.path), "--delegate=edgetpu", f"--delegate-option={text}"])
    assert "expected KEY=VALUE" in capsys.readouterr().err
