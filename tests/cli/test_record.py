"""`edge-asr record`: with a microphone that the test plays, and on a real PortAudio, ALSA and PulseAudio."""

from __future__ import annotations

import json
import signal

import numpy as np
import pytest

from edge_asr.cli.main import main
from edge_asr.runtime import microphone
from edge_asr.runtime.events import Overrun
from edge_asr.runtime.wav import read_wav
from tests.cli.command import start, write_wav
from tests.runtime.list_source import ListSource
from tests.runtime.spoken import RATE, phrase, room, spoken_in

THREE = spoken_in(room(10.0), (2.5, phrase()), (5.0, phrase(0.15, level=0.1)), (7.5, phrase(0.6)))


@pytest.fixture
def hear(monkeypatch):
    """Let the next microphone hear this."""

    def place(*items):
        opened = []
        pieces = [
            piece
            for item in items
            for piece in (np.array_split(item, len(item) // 1280) if isinstance(item, np.ndarray) else [item])
        ]

        def make(device, rate):
            source = ListSource(pieces, rate)
            opened.append((device, source))
            return source

        monkeypatch.setattr(microphone, "Microphone", make)
        return opened

    return place


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_takes_are_written_and_told(hear, tmp_path, capsys):
    opened = hear(THREE, Overrun(0.0, 5))
    out = tmp_path / "new" / "smart_mirror"
    arguments = ["record", "--phrase", "Smart mirror", "--count", "2", "--out", str(out), "--speaker", "ann", "--device", "usb"]
    assert main([*arguments, "--json"]) == 0
    told = lines(capsys)
    kinds = [line["event"] for line in told]
    assert kinds == ["header", "room", "prompt", "saved", "prompt", "rejected", "prompt", "saved", "done"]
    assert told[0] == {
        "event": "header",
        "phrase": "Smart mirror",
        "folder": str(out),
        "microphone": "list",
        "sample_rate": 16000,
    }
    assert [line["number"] for line in told if line["event"] == "prompt"] == [1, 2, 2]
    assert told[5]["fault"] == "too_short"
    assert told[-1]["recordings"] == 2
    assert sorted(path.name for path in out.iterdir()) == ["ann_1.wav", "ann_2.wav"]
    samples, rate = read_wav(out / "ann_1.wav")
    assert rate == RATE
    begin = round(2.5 * RATE)
    best = np.correlate(samples, phrase(), "valid").argmax()
    np.testing.assert_allclose(samples[best:][: len(phrase())], THREE[begin:][: len(phrase())], atol=1 / 32768)
    assert opened[0][0] == "usb"
    assert opened[0][1].closed


def test_numbering_goes_on_for_each_speaker(hear, tmp_path, capsys):
    arguments = ["record", "--phrase", "smart mirror", "--out", str(tmp_path), "--json"]
    for name in ("ann_4.wav", "ann_11.wav", "bob_30.wav", "ann_x.wav"):
        (tmp_path / name).touch()
    hear(THREE)
    assert main([*arguments, "--speaker", "ann", "--count", "12"]) == 0
    told = lines(capsys)
    assert [line["path"] for line in told if line["event"] == "saved"] == [str(tmp_path / "ann_12.wav")]
    assert told[2]["number"] == 12
    assert main([*arguments, "--speaker", "ann", "--count", "12"]) == 2
    assert "--count 22" in capsys.readouterr().err


def test_people_are_told_in_sentences(hear, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hear(THREE[: 7 * RATE], Overrun(0.0, 5), room(1.0))
    assert main(["record", "--phrase", "smart mirror"]) == 0
    shown = capsys.readouterr().out
    for sentence in (
        "be quiet for a moment",
        "Say 'smart mirror' now (1 of 20)",
        "kept recordings/smart_mirror/speaker_1.wav (0.",
        "not kept: too short: say the whole phrase",
        "audio was lost",
        "1 recordings in recordings/smart_mirror; train with: invoke train --phrase 'smart mirror'",
    ):
        assert sentence in shown


@pytest.mark.parametrize("option", [["--speaker", "a/b"], ["--speaker", ""], ["--count", "0"], ["--rate", "0"]])
def test_bad_options_are_refused(option, capsys):
    with pytest.raises(SystemExit):
        main(["record", "--phrase", "x", *option])
    assert "error" in capsys.readouterr().err


def test_a_bad_phrase_is_refused(capsys):
    assert main(["record", "--phrase", "../x"]) == 2
    assert "expected a phrase of words" in capsys.readouterr().err


def test_a_folder_that_cant_be_written_is_an_error(hear, tmp_path, capsys):
    (tmp_path / "file").touch()
    source = hear(THREE)
    assert main(["record", "--phrase", "x", "--out", str(tmp_path / "file" / "sub")]) == 2
    assert "choose another --out" in capsys.readouterr().err
    assert source[0][1].closed


@pytest.mark.system
def test_at_a_real_microphone(pulse, tmp_path):
    clip = write_wav(tmp_path / "phrase.wav", (np.pad(phrase(), 3 * RATE // 5) * 32767).astype(np.int16))
    out = tmp_path / "takes"
    process = start("record", "--phrase", "smart mirror", "--out", out, "--json", env=pulse.environment)
    try:
        kinds = []
        while kinds.count("saved") < 2:
            line = json.loads(process.stdout.readline())
            kinds.append(line["event"])
            if line["event"] == "prompt":
                pulse.play(clip)
        process.send_signal(signal.SIGINT)
        rest, problems = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert problems == b""
    assert json.loads(rest.splitlines()[-1])["event"] == "done"
    assert process.returncode == 130
    for path in out.iterdir():
        samples, rate = read_wav(path)
        # The phrase, half a second on either side, and the averaged levels' hang-over; a busy machine may stretch it, up to what
        # is taken for too long.
        assert 1.7 < len(samples) / rate < 4.2
    assert len(list(out.iterdir())) == 2
