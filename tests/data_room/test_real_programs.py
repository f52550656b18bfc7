"""Synthesisers that are programs, where they are installed (.ci/run installs them)."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_asr.data.voices import ENGINES, Delivery, Speech, Voice, list_voices, say
from edge_asr.data.voices.mbrola import Mbrola
from edge_asr.data.voices.phrases import SAMPLE_RATE, phrase_bounds
from edge_asr.errors import SynthesisError
from edge_asr.frontend.resample import resample

pytestmark = pytest.mark.system


def need(program: str, package: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"the system package {package} is not installed")


@pytest.fixture
def flite() -> tuple[Voice, ...]:
    need("flite", "flite")
    return list_voices("en", engine="flite")


@pytest.fixture
def festival() -> tuple[Voice, ...]:
    need("text2wave", "festival")
    try:
        return list_voices("en", engine="festival")
    except SynthesisError as err:
        pytest.skip(f"the system package festvox-us-slt-hts is not installed ({err})")


@pytest.fixture
def espeak_program() -> Voice:
    """MBROLA's own voices need what Debian does not have; its options are understood by any voice of the program."""
    need("espeak-ng", "espeak-ng")
    return Voice("mbrola", "en-us", "en-us", "", "")


def seconds(speech: Speech) -> float:
    start, end = phrase_bounds(resample(speech.samples, speech.sample_rate, SAMPLE_RATE))
    return (end - start) / SAMPLE_RATE


def fundamental(speech: Speech) -> float:
    """Median pitch (Hz) of the loudest half of 40 ms frames, by autocorrelation between 60 and 400 Hz."""
    samples, rate, _ = speech
    frames = np.lib.stride_tricks.sliding_window_view(samples, int(0.04 * rate))[:: rate // 100]
    frames = frames[np.argsort(np.square(frames).sum(1))[len(frames) // 2 :]]
    low, high = rate // 400, rate // 60
    return float(np.median([rate / (low + np.argmax(np.correlate(f, f, "full")[len(f) - 1 :][low:high])) for f in frames]))


def check_tempo(voice: Voice) -> None:
    text = "seven lights are on"
    normal = say(text, voice, Delivery())
    for rate in (0.75, 1.35):
        # Some voices hold stops and pauses as long as ever.
        assert seconds(say(text, voice, Delivery(rate=rate))) / seconds(normal) == pytest.approx(1 / rate, rel=0.15)


def check_pitch(voice: Voice) -> None:
    text = "seven lights are on"
    normal = say(text, voice, Delivery())
    np.testing.assert_array_equal(say(text, voice, Delivery()).samples, normal.samples)
    for pitch in (-2.5, 2.5):
        speech = say(text, voice, Delivery(pitch=pitch))
        assert seconds(speech) / seconds(normal) == pytest.approx(1.0, rel=0.1)
        # The melody moves the median.
        assert fundamental(speech) / fundamental(normal) == pytest.approx(2 ** (pitch / 12), rel=0.1)


def check_extremes(voice: Voice) -> None:
    for delivery in (Delivery(0.75, -2.5, 0.3), Delivery(1.35, 2.5, 1.7, pause=0.1, ending="?")):
        speech = say("alexa", voice, delivery)
        assert 0.2 < seconds(speech) < 1.5, voice
        assert np.abs(speech.samples).max() <= 1.0, voice
        assert np.mean(np.abs(speech.samples) > 0.999) < 0.001, voice
        assert 0.01 < np.sqrt(np.mean(speech.samples**2)) < 0.5, voice


def test_flite_has_voices_that_follow(flite: tuple[Voice, ...]) -> None:
    assert {"awb", "rms", "slt"} <= {voice.name for voice in flite}
    for voice in flite:
        check_extremes(voice)
    slt = next(voice for voice in flite if voice.name == "slt")
    check_tempo(slt)
    check_pitch(slt)
    with pytest.raises(SynthesisError, match="no voice 'nobody'"):
        say("alexa", replace(flite[0], name="nobody"), Delivery())


def test_flite_pauses_between_words(flite: tuple[Voice, ...]) -> None:
    together, apart = (seconds(say("smart mirror", flite[0], Delivery(pause=pause))) for pause in (0.0, 0.1))
    assert apart > together + 0.05


def test_festival_has_voices_that_follow(festival: tuple[Voice, ...]) -> None:
    assert all(voice.language == "en-us" for voice in festival)
    for voice in festival:
        check_extremes(voice)
    # One diphone voice and one HTS voice: their tempo is set in different ways.
    for name in ("kal_diphone", "cmu_us_slt_arctic_hts"):
        voice = next((voice for voice in festival if voice.name == name), None)
        if voice is not None:
            check_tempo(voice)


def test_festivals_melody_can_be_flattened(festival: tuple[Voice, ...]) -> None:
    voice = next((voice for voice in festival if voice.name.endswith("_diphone")), None)
    if voice is None:
        pytest.skip("the system package festvox-kallpc16k is not installed")
    flat, lively = (say("seven lights are on", voice, Delivery(pitch_range=pitch_range)) for pitch_range in (0.0, 2.0))
    assert len(flat.samples) == len(lively.samples)
    assert not np.array_equal(flat.samples, lively.samples)


def test_espeaks_program_understands_what_mbrola_voices_are_told(espeak_program: Voice, tmp_path: Path) -> None:
    engine = ENGINES["mbrola"]
    text = "smart mirror"
    normal = engine.speak(text, espeak_program, Delivery())
    assert 0.4 < seconds(normal) < 1.2
    assert seconds(engine.speak(text, espeak_program, Delivery(rate=1.35))) < 0.9 * seconds(normal)
    assert seconds(engine.speak(text, espeak_program, Delivery(pause=0.3))) > seconds(normal) + 0.2
    assert fundamental(engine.speak(text, espeak_program, Delivery(pitch=4.0))) > 1.15 * fundamental(normal)
    for delivery in (Delivery(pitch_range=0.0), Delivery(stressed=0), Delivery(ending="?")):
        assert not np.array_equal(engine.speak(text, espeak_program, delivery).samples, normal.samples)


def test_mbrola_voices_are_found_in_what_espeaks_program_prints(
    espeak_program: Voice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mbrola").touch(mode=0o755)
    program = shutil.which("espeak-ng")
    assert program is not None
    (tmp_path / "espeak-ng").symlink_to(program)
    monkeypatch.setenv("PATH", str(tmp_path))
    for data in ("us1", "de6"):
        (tmp_path / data).touch()
    voices = {voice.name: voice.language for voice in Mbrola([tmp_path]).voices()}
    assert voices == {"mb-us1": "en-us", "mb-de6": "de", "mb-de6-en": "en", "mb-de6-grc": "grc"}
