"""`edge-asr transcribe`: files, stdin, terminals, arguments, signals."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios

import numpy as np
import pytest

from tests.cli.command import run, start, write_wav
from tests.cli.transcripts import expected_events, json_lines, write_answer_grammar
from tests.runtime.tones import tones

SOUND = tones(5.5, [(1.2, "yes"), (2.1, "no"), (4.4, "no")])
OTHER = tones(3.5, [(1.5, "no")], seed=1)


@pytest.fixture
def wav(tmp_path):
    return write_wav(tmp_path / "sound.wav", SOUND)


def test_a_wav_file_as_json(tiny_speech, wav):
    done = run("transcribe", "--bundle", tiny_speech.path, "--input", wav, "--json")
    header, started, *events = json_lines(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (header["event"], header["bundle"], header["labels"]) == ("header", "tiny-speech", ["_blank_", "yes", "no"])
    assert started == {"event": "started", "time": 0.0, "source": str(wav)}
    assert events == expected_events(tiny_speech, SOUND)
    assert [event["text"] for event in events if event["event"] == "final"] == ["yes no", "no"]


def test_a_line_an_utterance_and_the_file_where_there_are_several(tiny_speech, wav, tmp_path):
    done = run("transcribe", "--bundle", tiny_speech.path, "--input", wav)
    assert (done.stdout, done.stderr) == ("yes no\nno\n", f"edge-asr: listening to {wav}\n")
    other = write_wav(tmp_path / "other.wav", OTHER)
    done = run("transcribe", "--bundle", tiny_speech.path, "--input", wav, other, "--no-endpoint")
    assert done.stdout == f"{wav}: yes no no\n{other}: no\n"


def test_several_files_as_json_begin_anew(tiny_speech, wav, tmp_path):
    other = write_wav(tmp_path / "other.wav", OTHER)
    _, *events = json_lines(
        run("transcribe", "--bundle", tiny_speech.path, "--input", wav, other, "--json", "--no-endpoint").stdout
    )
    begins = [number for number, event in enumerate(events) if event["event"] == "started"]
    assert [events[number]["source"] for number in begins] == [str(wav), str(other)]
    assert events[1 : begins[1]] == expected_events(tiny_speech, SOUND, endpoint=False)
    assert events[begins[1] + 1 :] == expected_events(tiny_speech, OTHER, endpoint=False)


def test_raw_samples_on_stdin_and_other_settings(tiny_speech):
    command = ("transcribe", "--bundle", tiny_speech.path, "--input", "-", "--json", "--beam", 1, "--hotword", "yes:0.5")
    done = run(*command, "--form", "window", input=SOUND.tobytes(), text=False)
    header, _, *events = json_lines(done.stdout)
    assert header["form"] == "window"
    assert [event["text"] for event in events if event["event"] == "final"] == ["yes no", "no"]


def test_a_grammar_allows_rejects_and_means(tiny_speech, wav, tmp_path):
    grammar = write_answer_grammar(tmp_path / "answers.json")
    done = run("transcribe", "--bundle", tiny_speech.path, "--input", wav, "--grammar", grammar)
    assert done.stdout == "yes no  [Answer]\n"
    rejected = done.stderr.splitlines()[1:]
    assert len(rejected) <= 1  # "no" alone: not in the grammar, or silence is likelier
    assert all("rejected" in line and "penalty" in line for line in rejected)


def test_on_a_terminal_partials_are_rewritten_in_place(tiny_speech, wav):
    ours, theirs = pty.openpty()
    process = start("transcribe", "--bundle", tiny_speech.path, "--input", wav, stdout=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 1 << 16):
            shown += piece
    except OSError:  # Linux says EIO when the other end is closed
        pass
    os.close(ours)
    process.communicate()
    assert re.match(rb"\r\x1b\[Kyes(\r\x1b\[Kyes no)?\r\x1b\[Kyes no\r\n", shown)
    assert shown.endswith(b"no\r\n")


def unread(pipe) -> int:
    """Bytes in a pipe that nobody has read."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_in_the_middle_ends_the_utterance(tiny_speech, number, status):
    said = SOUND[: round(2.8 * 16000)]
    process = start("transcribe", "--bundle", tiny_speech.path, "--input", "-", "--json")
    with process:
        process.stdin.write(said.tobytes())
        process.stdin.flush()
        events = [json.loads(process.stdout.readline()) for _ in range(4)]
        while unread(process.stdin):
            pass
        process.send_signal(number)
        rest = json_lines(process.stdout.read())
        assert process.stderr.read() == b""
    assert [event["event"] for event in events] == ["header", "started", "partial", "partial"]
    (final,) = rest
    assert (final["event"], final["text"], final["end"]) == ("final", "yes no", 2.8)
    assert process.returncode == status


def test_a_signal_ends_the_files_too(tiny_speech, wav, tmp_path):
    """The first one is a pipe of which half is written when it comes."""
    pipe, content = tmp_path / "pipe.wav", wav.read_bytes()
    os.mkfifo(pipe)
    process = start("transcribe", "--bundle", tiny_speech.path, "--input", pipe, wav, "--json")
    with process, pipe.open("wb", buffering=0) as writer:
        writer.write(content[: len(content) // 2])
        while json.loads(process.stdout.readline())["event"] != "started":
            pass
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(BrokenPipeError):  # it may have gone already
            writer.write(content[len(content) // 2 :])
        writer.close()
        rest = json_lines(process.stdout.read())
    assert [event["source"] for event in rest if event["event"] == "started"] == []
    assert process.returncode == 0


BAD = {
    "no bundle": (("--bundle", "nowhere", "--input", "-"), "nowhere"),
    "a wake word's bundle": (("--bundle", "tiny", "--input", "-"), "speech"),
    "truncated": (("--input", "cut.wav"), "the file is truncated"),
    "several, not all files": (("--input", "text.wav", "-"), "expected one input, or several files"),
    "no grammar": (("--input", "-", "--grammar", "nowhere.json"), "nowhere.json: the grammar can't be read"),
    "a grammar's source": (
        ("--input", "-", "--grammar", "home.yaml"),
        "home.yaml: grammar: expected the JSON that `invoke grammar`",
    ),
    "hot words beside a grammar": (("--input", "-", "--grammar", "answers.json", "--hotword", "yes:1"), "no hot words"),
    "empty stdin": (("--input", "-"), "expected raw 16-bit little-endian mono samples, found nothing"),
}


@pytest.mark.parametrize("mistake", BAD)
def test_a_mistake_is_one_line_and_exit_status_2(tiny_speech, tiny_bundle, tmp_path, wav, mistake):
    (tmp_path / "text.wav").write_text("no audio in here")
    (tmp_path / "home.yaml").write_text("language: en\nintents: {}\n")
    (tmp_path / "cut.wav").write_bytes(wav.read_bytes()[:-1000])
    write_answer_grammar(tmp_path / "answers.json")
    arguments, message = BAD[mistake]
    done = run("transcribe", "--bundle", tiny_speech.path, *arguments, cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    line = done.stderr.splitlines()[-1]
    assert line.startswith("edge-asr: error: ")
    assert message in line
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("--hotword", "yes"), ("--hotword", "yes:nan"), ("--hotword", ":3"), ("--beam", "0"), ("--gate", "mine")]
)
def test_wrong_arguments_are_told_as_usage(arguments):
    done = run("transcribe", *(("--bundle", "b", *arguments) if arguments else ()))
    assert done.returncode == 2
    assert done.stderr.startswith("usage: edge-asr transcribe")


def test_a_hot_word_may_hold_a_colon_and_be_a_phrase():
    from edge_asr.cli.arguments import hot_word

    assert hot_word("living room:2.5") == ("living room", 2.5)
    assert hot_word("a:b:-1") == ("a:b", -1.0)


def test_noise_alone_is_no_line(tiny_speech, tmp_path):
    noise = write_wav(tmp_path / "noise.wav", np.random.default_rng(0).normal(0, 300, 48000).astype(np.int16))
    done = run("transcribe", "--bundle", tiny_speech.path, "--input", noise)
    assert (done.returncode, done.stdout) == (0, "")
