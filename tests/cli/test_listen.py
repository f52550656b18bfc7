from __future__ import annotations

import json
import os
import pty
import re
import subprocess

import numpy as np
import pytest

from edge_asr.bundle.store import read_bundle
from edge_asr.frontend.resample import resample
from edge_asr.runtime.events import event_json
from tests.bundle.damage import edit_manifest
from tests.cli.command import run, start, write_wav
from tests.runtime.tones import engine_of, tones

SOUND = tones(4.0, [(1.0, "yes"), (3.1, "no")])


@pytest.fixture
def wav(tmp_path):
    return write_wav(tmp_path / "sound.wav", SOUND)


def expected_detections(bundle, sound=SOUND, detect=None):
    stream = engine_of(bundle).stream(detect)
    return [event_json(event) for event in stream.accept(sound) + stream.finish()]


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_wav_file_as_json(tiny_bundle, wav):
    done = run("listen", "--bundle", tiny_bundle.path, "--input", wav, "--json")
    header, started, *detections = json_lines(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"(ai-edge-litert|tflite-runtime) [\d.]+", header.pop("interpreter"))
    assert header == {
        "event": "header",
        "bundle": "tiny",
        "labels": ["_silence_", "_unknown_", "yes", "no"],
        "form": "window",
        "kernels": "default",
        "threads": 1,
        "accelerator": "cpu",
        "options": {},
        "operations": {"model": 3, "accelerator": 0, "xnnpack": 3},
        "fallback": "",
        "sample_rate": 16000,
    }
    assert started == {"event": "started", "time": 0.0, "source": str(wav)}
    assert [d["label"] for d in detections] == ["yes", "no"]
    assert detections == expected_detections(tiny_bundle)


def test_a_line_a_detection(tiny_bundle, wav):
    done = run("listen", "--bundle", tiny_bundle.path, "--input", wav)
    first, second = expected_detections(tiny_bundle)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [(line[0], float(line[1]), float(line[4])) for line in lines] == [
        (d["label"], pytest.approx(d["start"], abs=0.006), pytest.approx(d["end"], abs=0.006))  # printed to 0.01 s
        for d in (first, second)
    ]
    assert done.stderr == f"edge-asr: listening to {wav}\n"


def test_raw_samples_on_stdin(tiny_bundle):
    done = run("listen", "--bundle", tiny_bundle.path, "--input", "-", "--json", input=SOUND.tobytes(), text=False)
    assert json_lines(done.stdout)[2:] == expected_detections(tiny_bundle)


def test_raw_samples_at_another_rate(tiny_bundle):
    sound = (resample(SOUND, 16000, 44100) * 32768).clip(-32768, 32767).astype(np.int16)
    command = ("listen", "--bundle", tiny_bundle.path, "--input", "-", "--rate", 44100, "--json")
    done = run(*command, input=sound.tobytes(), text=False)
    assert json_lines(done.stdout)[2:] == expected_detections(tiny_bundle, resample(sound, 44100, 16000))


def test_kernels_and_threads_are_used_and_named(tiny_bundle, wav):
    done = run("listen", "--bundle", tiny_bundle.path, "--input", wav, "--json", "--kernels", "builtin", "--threads", 2)
    header, _, *detections = json_lines(done.stdout)
    assert header["kernels"] == "builtin"
    assert [d["label"] for d in detections] == ["yes", "no"]


def test_a_threshold_is_for_every_label(tiny_bundle, wav):
    manifest = tiny_bundle.path / "manifest.json"
    table = json.loads(manifest.read_text())
    table["detect"]["thresholds"] = {"no": 1.0}
    manifest.write_text(json.dumps(table))
    assert [d["label"] for d in expected_detections(tiny_bundle)] == ["yes"]
    done = run("listen", "--bundle", tiny_bundle.path, "--input", wav, "--json", "--threshold", 1)
    assert len(json_lines(done.stdout)) == 2  # header and start
    done = run("listen", "--bundle", tiny_bundle.path, "--input", wav, "--json", "--threshold", 0.5)
    assert [d["label"] for d in json_lines(done.stdout)[2:]] == ["yes", "no"]


def test_on_a_terminal_there_is_a_live_line_and_stdout_stays_clean(tiny_bundle, wav):
    ours, theirs = pty.openpty()
    process = start("listen", "--bundle", tiny_bundle.path, "--input", wav, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 1 << 16):
            shown += piece
    except OSError:  # Linux says EIO when the other end is closed
        pass
    os.close(ours)
    out, _ = process.communicate()
    assert re.search(rb"\r\x1b\[K\[#* *\] +-?\d+\.\d dBFS  \w+ \d\.\d\d  \w+ \d\.\d\d", shown)
    assert shown.endswith(b"\r\x1b[K")
    assert [line.split()[0] for line in out.splitlines()] == [b"yes", b"no"]
    assert b"\x1b" not in out


def test_a_form_can_be_chosen(tiny_forms, wav):
    found = {}
    for options in ((), ("--form", "window")):
        header, _, *found[options] = json_lines(
            run("listen", "--bundle", tiny_forms.path, "--input", wav, "--json", *options).stdout
        )
        assert header["form"] == ("window" if options else "stream")
    assert found[()] == found[("--form", "window")] == expected_detections(tiny_forms)


@pytest.fixture
def others(tiny_forms):
    """A second bundle, with words of its own."""
    edit_manifest(tiny_forms.path, lambda table: table.update(labels=["_silence_", "_unknown_", "ja", "nein"]))
    return read_bundle(tiny_forms.path)


def test_several_bundles_listen_together(tiny_bundle, others, wav):
    bundles = ("--bundle", tiny_bundle.path, "--bundle", others.path)
    first, second, started, *detections = json_lines(run("listen", *bundles, "--input", wav, "--json").stdout)
    assert [(header["event"], header["bundle"], header["labels"][2]) for header in (first, second)] == [
        ("header", "tiny", "yes"),
        ("header", "forms", "ja"),
    ]
    assert started["event"] == "started"
    assert [(d["label"], d["bundle"]) for d in detections if d["label"] in ("yes", "no")] == [("yes", "tiny"), ("no", "tiny")]
    for bundle in (tiny_bundle, others):
        alone = [{**d, "bundle": bundle.manifest.name} for d in expected_detections(bundle)]
        assert [d for d in detections if d["bundle"] == bundle.manifest.name] == alone
    lines = run("listen", *bundles, "--input", wav).stdout.splitlines()
    assert [(line.split()[0], line.split()[-1]) for line in lines] == [(d["label"], f"({d['bundle']})") for d in detections]


def test_a_word_of_two_bundles_is_a_mistake(tiny_bundle, tiny_forms, wav):
    done = run("listen", "--bundle", tiny_bundle.path, "--bundle", tiny_forms.path, "--input", wav)
    assert (done.returncode, done.stdout) == (2, "")
    assert "found in more than one: no, yes" in done.stderr


BAD = {
    "no bundle": (("--bundle", "nowhere", "--input", "-"), "nowhere"),
    "no file": (("--input", "nowhere.wav"), "nowhere.wav: can't be opened"),
    "no audio": (("--input", "text.wav"), "text.wav: expected a WAV file"),
    "truncated": (("--input", "cut.wav"), "the file is truncated"),
    "rate of a file": (("--input", "text.wav", "--rate", "8000"), "leave --rate out"),
    "device of a pipe": (("--input", "-", "--device", "1"), "--device is for the microphone"),
    "odd rate": (("--input", "-", "--rate", "5"), "1000 to 768000 Hz, found 5"),
    "empty stdin": (("--input", "-"), "expected raw 16-bit little-endian mono samples, found nothing"),
}


@pytest.mark.parametrize("mistake", BAD)
def test_a_mistake_is_one_line_and_exit_status_2(tiny_bundle, tmp_path, wav, mistake):
    (tmp_path / "text.wav").write_text("no audio in here")
    (tmp_path / "cut.wav").write_bytes(wav.read_bytes()[:-1000])
    arguments, message = BAD[mistake]
    done = run("listen", "--bundle", tiny_bundle.path, *arguments, cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    line = done.stderr.splitlines()[-1]
    assert line.startswith("edge-asr: error: ")
    assert message in line
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [(), ("--threshold", "1.5"), ("--threads", "0"), ("--kernels", "fast"), ("--rate", "x")])
def test_wrong_arguments_are_told_as_usage(arguments):
    done = run("listen", *(("--bundle", "b", *arguments) if arguments else ()))
    assert done.returncode == 2
    assert done.stderr.startswith("usage: edge-asr listen")
