"""Adapters of synthesisers that are programs, tested with stand-ins that note their arguments."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.voices import Delivery, find_engines, voices_for
from edge_asr.data.voices.flite import Flite
from edge_asr.data.voices.mbrola import Mbrola
from edge_asr.data.voices.pico import Pico
from edge_asr.data.voices.programs import run_program
from edge_asr.data.voices.rhvoice import RHVoice
from edge_asr.errors import SynthesisError
from tests.data_room.stand_in import TONE, StandIn

DELIVERY = Delivery(rate=1.25, pitch=3.0, pitch_range=1.5, pause=0.1, stressed=1, ending="!")
# Three semitones up: 2 ** (3 / 12) = 1.189.

# Lines of `espeak-ng --voices=mb`, version 1.51.
MBROLA_LISTING = """\
Pty Language       Age/Gender VoiceName          File                 Other Languages
 7  af              --/M      afrikaans-mbrola-1 mb/mb-af1
 6  pt-br           --/M      brazil-mbrola-1    mb/mb-br1            (pt 8)
 9  en              --/M      en-german-4        mb/mb-de4-en
 3  en-uk           --/M      english-mb-en1     mb/mb-en1            (en-gb 3)(en 2)
 6  de              --/M      german-mbrola-4    mb/mb-de4
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the path."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_rhvoice_finds_its_voices_and_is_told_all_it_can_do(tmp_path: Path, programs: Path) -> None:
    for folder, info in (("slt", "name=SLT\nlanguage=English\nsample_rate=16k\n"), ("ana", "name=anatol\nlanguage=Russian")):
        (tmp_path / "voices" / folder).mkdir(parents=True)
        (tmp_path / "voices" / folder / "voice.info").write_text(info)
    program = StandIn(programs, "RHVoice-test", "--output")
    engine = RHVoice([tmp_path / "voices", tmp_path / "none"])
    voices = engine.voices()
    assert {(voice.name, voice.language) for voice in voices} == {("SLT", "en"), ("anatol", "ru")}
    speech = engine.speak("smart mirror", next(v for v in voices if v.name == "SLT"), DELIVERY)
    np.testing.assert_allclose(speech.samples, TONE, atol=1e-4)  # 16 bits
    arguments, text = program.call
    assert arguments[:6] == ["--profile", "SLT", "--rate", "125", "--pitch", "119"]
    assert text == "smart, mirror!"


def test_pico_gets_its_tags_and_no_others(programs: Path) -> None:
    program = StandIn(programs, "pico2wave", "-w")
    engine = Pico()
    assert [voice.language for voice in engine.voices()] == ["de-de", "en-gb", "en-us", "es-es", "fr-fr", "it-it"]
    engine.speak("smart <volume level='900'> mirror", engine.voices()[0], DELIVERY)
    arguments, _ = program.call
    assert arguments[:2] == ["-l", "de-DE"]
    assert arguments[-1].startswith('<speed level="125"><pitch level="119">smart')
    assert re.findall("<(.*?)>", arguments[-1]) == ['speed level="125"', 'pitch level="119"', "/pitch", "/speed"]


def test_mbrola_lists_what_has_data_and_speaks_ssml(tmp_path: Path, programs: Path) -> None:
    program = StandIn(programs, "espeak-ng", "-w", listing=MBROLA_LISTING)
    StandIn(programs, "mbrola", "-w")
    (tmp_path / "data" / "de4").mkdir(parents=True)
    (tmp_path / "data" / "de4" / "de4").touch()
    (tmp_path / "data" / "en1").touch()
    engine = Mbrola([tmp_path / "data"])
    found = {voice.name: (voice.language, voice.speaker) for voice in engine.voices()}
    assert found == {"mb-de4-en": ("en", "de4"), "mb-en1": ("en-gb", "en1"), "mb-de4": ("de", "de4")}
    engine.speak("smart & mirror", engine.voices()[1], DELIVERY)
    arguments, text = program.call
    assert arguments[:6] == ["-v", "mb-en1", "-s", "219", "-p", "62"]  # 175 * 1.25; 50 + 3 * 99 / 24
    assert {"-m", "--stdin"} <= set(arguments)
    assert text == (
        '<prosody range="150%">smart<break time="100ms"/> <emphasis level="strong">&amp;</emphasis><break time="100ms"/> '
        "mirror!</prosody>"
    )


def test_mbrola_without_data_or_either_program_is_not_found(tmp_path: Path, programs: Path) -> None:
    with pytest.raises(SynthesisError, match="program mbrola is not installed"):
        Mbrola([tmp_path]).voices()
    StandIn(programs, "mbrola", "-w")
    with pytest.raises(SynthesisError, match="program espeak-ng is not installed"):
        Mbrola([tmp_path]).voices()
    StandIn(programs, "espeak-ng", "-w", listing=MBROLA_LISTING)
    with pytest.raises(SynthesisError, match="no MBROLA database"):
        Mbrola([tmp_path]).voices()


def test_flite_speaks_slower_and_is_played_faster_for_a_higher_pitch(programs: Path) -> None:
    program = StandIn(programs, "flite", "-o", listing="Voices available: kal awb_time kal16 awb rms slt ")
    engine = Flite()
    assert [voice.name for voice in engine.voices()] == ["kal16", "awb", "rms", "slt"]
    speech = engine.speak("-f", engine.voices()[1], Delivery(rate=1.25, pitch=3.0))
    arguments, _ = program.call
    assert arguments[:6] == ["-voice", "awb", "--setf", "duration_stretch=0.9514", "-t", "-f"]  # 1.189 / 1.25
    assert len(speech.samples) / len(TONE) == pytest.approx(1 / 1.189, abs=0.001)
    spectrum = np.abs(np.fft.rfft(speech.samples))
    # 200 Hz, up by three semitones; a bin is 2.4 Hz wide.
    assert np.argmax(spectrum) * 16000 / len(speech.samples) == pytest.approx(237.8, abs=2.4)


def test_a_program_that_fails_tells_why(programs: Path) -> None:
    StandIn(programs, "pico2wave", "-w", behaviour='sys.stderr.write("no such\\nlingware"); sys.exit(3)')
    with pytest.raises(SynthesisError, match="pico2wave failed with code 3: no such lingware"):
        Pico().speak("alexa", Pico().voices()[0], DELIVERY)


def test_a_program_that_fails_without_a_code_tells_why_too(programs: Path) -> None:
    StandIn(programs, "pico2wave", "-w", behaviour='sys.stderr.write("SIOD ERROR"); sys.exit(0)')
    with pytest.raises(SynthesisError, match="pico2wave made no speech: SIOD ERROR"):
        Pico().speak("alexa", Pico().voices()[0], DELIVERY)


@pytest.mark.parametrize("written", ["b''", "b'RIFF'"])
def test_a_file_that_is_no_speech_is_an_error(written: str, programs: Path) -> None:
    behaviour = f"open(arguments[arguments.index('-w') + 1], 'wb').write({written}); sys.exit(0)"
    StandIn(programs, "pico2wave", "-w", behaviour=behaviour)
    with pytest.raises(SynthesisError, match="pico2wave made no speech: no readable sound file"):
        Pico().speak("alexa", Pico().voices()[0], DELIVERY)


def test_a_program_that_hangs_is_stopped(programs: Path) -> None:
    program = StandIn(programs, "sleeper", "-w", behaviour="import time; time.sleep(600)")
    with pytest.raises(SynthesisError, match="sleeper has not finished after 0.2 s"):
        run_program([str(program.path)], seconds=0.2)


def test_nothing_installed_is_told_not_raised(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "edge_asr.data.voices.ENGINES", {"pico": Pico(), "rhvoice": RHVoice(), "flite": Flite(), "mbrola": Mbrola()}
    )
    for engine in find_engines("en"):
        assert engine.voices == ()
        assert "is not installed" in engine.problem
        assert "apt-get install" in engine.how_to_get
    with pytest.raises(SynthesisError, match="no voice speaks 'en'.*engines found: none"):
        voices_for("en")


def test_voices_are_those_of_all_engines_found(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    StandIn(programs, "pico2wave", "-w")
    StandIn(programs, "flite", "-o", listing="Voices available: slt")
    monkeypatch.setattr("edge_asr.data.voices.ENGINES", {"pico": Pico(), "rhvoice": RHVoice(), "flite": Flite()})
    assert [(voice.engine, voice.name) for voice in voices_for("en")] == [("pico", "en-GB"), ("pico", "en-US"), ("flite", "slt")]
    assert [voice.name for voice in voices_for("de")] == ["de-DE"]
    with pytest.raises(SynthesisError, match="no voice speaks 'xx'.*engines found: pico, flite"):
        voices_for("xx")


def test_a_voice_that_flite_lacks_is_refused(programs: Path) -> None:
    StandIn(programs, "flite", "-o", listing="Voices available: kal16 slt")
    engine = Flite()
    with pytest.raises(SynthesisError, match="flite has no voice 'awb'"):
        engine.speak("alexa", replace(engine.voices()[0], name="awb"), DELIVERY)
    StandIn(programs, "flite", "-o", listing="Voices available: ")
    with pytest.raises(SynthesisError, match="no voice built in"):
        Flite().voices()
