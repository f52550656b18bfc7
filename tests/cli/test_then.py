"""`edge-asr listen --then`: a wake word, the command behind it, and the wake word again."""

from __future__ import annotations

import subprocess

import pytest

from edge_asr.cli.main import main
from edge_asr.runtime.command_stream import CommandStream
from edge_asr.runtime.events import event_json
from edge_asr.runtime.speech_engine import load_speech_engine
from edge_asr.runtime.speech_stream import SpeechStream
from tests.cli.command import run, write_wav
from tests.cli.transcripts import json_lines, write_answer_grammar
from tests.runtime.tones import engine_of, tones

SOUND = tones(14.0, [(1.0, "yes"), (2.6, "yes"), (3.5, "no"), (7.0, "yes")])


@pytest.fixture
def wav(tmp_path):
    return write_wav(tmp_path / "sound.wav", SOUND)


def test_as_json_it_is_what_the_library_says(tiny_bundle, tiny_speech, wav):
    speech = load_speech_engine(tiny_speech)
    stream = CommandStream(engine_of(tiny_bundle).stream(), SpeechStream(speech, speech.decoder(), speech.spec.endpoint))
    expected = [event_json(event) for event in stream.accept(SOUND) + stream.finish()]
    done = run("listen", "--bundle", tiny_bundle.path, "--then", tiny_speech.path, "--input", wav, "--json")
    first, second, started, *events = json_lines(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert [header["bundle"] for header in (first, second)] == ["tiny", "tiny-speech"]
    assert started["event"] == "started"
    assert [event["event"] for event in events if event["event"] != "partial"] == [
        "detection",
        "final",
        "detection",
        "no_command",
    ]
    assert events == expected


def test_for_people_with_a_grammar(tiny_bundle, tiny_speech, wav, tmp_path):
    grammar = write_answer_grammar(tmp_path / "answers.json")
    command = ("listen", "--bundle", tiny_bundle.path, "--then", tiny_speech.path, "--grammar", grammar, "--input", wav)
    done = run(*command)
    wake, said, again = done.stdout.splitlines()
    assert (wake.split()[0], said, again.split()[0]) == ("yes", "yes no  [Answer]", "yes")
    started, nothing = done.stderr.splitlines()
    assert nothing.startswith("edge-asr: heard no command up to 1")
    assert started == f"edge-asr: listening to {wav}"


def test_patience_is_how_long_it_waits_for_a_command(tiny_bundle, tiny_speech, tmp_path):
    wav = write_wav(tmp_path / "woken.wav", tones(5.0, [(1.0, "yes")]))
    command = ("listen", "--bundle", tiny_bundle.path, "--then", tiny_speech.path, "--input", wav, "--json")
    ended = {}
    for seconds in ("0.5", "2"):
        woken, nothing = json_lines(run(*command, "--patience", seconds).stdout)[3:]
        assert (woken["event"], nothing["event"]) == ("detection", "no_command")
        ended[seconds] = nothing["time"]
    # Both in whole steps of the recogniser, 80 ms: 7 and 25.
    assert ended["2"] - ended["0.5"] == pytest.approx(18 * 0.08)


BAD = {
    "no recogniser": (("--then", "nowhere"), "nowhere"),
    "two wake words": (("--then", "tiny"), "speech"),
    "a grammar for nobody": (("--grammar", "answers.json"), "--grammar is for the recogniser behind a wake word"),
    "patience for nobody": (("--patience", "3"), "--patience is for the recogniser behind a wake word"),
    "a beam for nobody": (("--beam", "4"), "--beam is for the recogniser"),
}


@pytest.mark.parametrize("mistake", BAD)
def test_a_mistake_is_one_line_and_exit_status_2(tiny_bundle, tmp_path, mistake):
    arguments, message = BAD[mistake]
    done = run("listen", "--bundle", "tiny", *arguments, "--input", "-", cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("seconds", ["0.4", "61", "nan", "long"])
def test_patience_has_its_limits(tiny_bundle, tiny_speech, capsys, seconds):
    with pytest.raises(SystemExit, match="2"):
        main(["listen", "--bundle", str(tiny_bundle.path), "--then", str(tiny_speech.path), "--patience", seconds])
    assert f"argument --patience: expected a number from 0.5 to 60, found '{seconds}'" in capsys.readouterr().err
